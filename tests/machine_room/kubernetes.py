"""Kubernetes' packages as its own repository has them, made of programs that were built here."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Mapping
from pathlib import Path

from control_plane.build import VERSION
from machine_room import debian
from machine_room.nodes import CACHE
from systemd_hosts.places import run

CRICTL = Path(__file__).with_name("files") / "crictl"
REVISION = "00"
DEPENDS = {
    "kubeadm": ("kubelet", "kubectl", "kubernetes-cni", "cri-tools"),
    "kubelet": (
        "conntrack",
        "ebtables",
        "ethtool",
        "iproute2",
        "iptables",
        "kubernetes-cni",
        "mount",
        "socat",
        "util-linux",
    ),
    "kubectl": (),
    "kubernetes-cni": (),
    "cri-tools": ("python3-grpcio",),
}
UNIT = """\
[Unit]
Description=kubelet: The Kubernetes Node Agent
Wants=network-online.target
After=network-online.target

[Service]
ExecStart=/usr/bin/kubelet
Restart=always
RestartSec=10

[Install]
WantedBy=multi-user.target
"""
# kubeadm(1) describes these files and their order.
DROP_IN = """\
[Service]
Environment="KUBELET_KUBECONFIG_ARGS=--bootstrap-kubeconfig=/etc/kubernetes/bootstrap-kubelet.conf \\
  --kubeconfig=/etc/kubernetes/kubelet.conf"
Environment="KUBELET_CONFIG_ARGS=--config=/var/lib/kubelet/config.yaml"
EnvironmentFile=-/var/lib/kubelet/kubeadm-flags.env
EnvironmentFile=-/etc/default/kubelet
ExecStart=
ExecStart=/usr/bin/kubelet $KUBELET_KUBECONFIG_ARGS $KUBELET_CONFIG_ARGS $KUBELET_KUBEADM_ARGS $KUBELET_EXTRA_ARGS
"""
SCRIPTS = {
    "postinst": "#!/bin/sh\nset -e\nsystemctl daemon-reload\nsystemctl enable --now kubelet.service\n",
    "prerm": '#!/bin/sh\nset -e\n[ "$1" != remove ] || systemctl disable --now kubelet.service\n',
}


def make(programs: Path, folder: Path, version: str = VERSION) -> None:
    """Make the packages and their list."""
    files: dict[str, dict[str, Path | str]] = {
        "kubeadm": {
            "usr/bin/kubeadm": programs / "kubeadm",
            "etc/systemd/system/kubelet.service.d/10-kubeadm.conf": DROP_IN,
        },
        "kubelet": {"usr/bin/kubelet": programs / "kubelet", "lib/systemd/system/kubelet.service": UNIT},
        "kubectl": {"usr/bin/kubectl": programs / "kubectl"},
        "cri-tools": {"usr/bin/crictl": f"#!/usr/bin/python3\n{CRICTL.read_text()}"},
    }
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="packages-") as work:
        plugins = debian.unpack("containernetworking-plugins", Path(work, "plugins"))
        files["kubernetes-cni"] = {
            f"opt/cni/bin/{plugin.name}": plugin for plugin in (plugins / "usr/lib/cni").iterdir()
        }
        for name, content in files.items():
            _package(name, version, content, Path(work, name), folder)
    debian.index(folder)


def _package(name: str, version: str, files: Mapping[str, Path | str], work: Path, folder: Path) -> None:
    for place, content in files.items():
        file = work / place
        file.parent.mkdir(parents=True, exist_ok=True)
        if isinstance(content, Path):
            shutil.copy(content, file)
        else:
            file.write_text(content)
            file.chmod(0o755 if place.startswith("usr/bin/") else 0o644)
    control = work / "DEBIAN"
    control.mkdir()
    fields = {
        "Package": name,
        "Version": f"{version}-{REVISION}",
        "Architecture": run("dpkg", "--print-architecture").strip(),
        "Maintainer": "detnet.qos contributors <nobody@localhost>",
        "Depends": ", ".join(DEPENDS[name]),
        "Description": f"{name}, built for the machine room",
    }
    (control / "control").write_text("".join(f"{key}: {value}\n" for key, value in fields.items() if value))
    for script, text in SCRIPTS.items() if name == "kubelet" else ():
        (control / script).write_text(text)
        (control / script).chmod(0o755)
    run("dpkg-deb", "--root-owner-group", "-Znone", "--build", str(work), str(folder))

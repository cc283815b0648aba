"""Kubernetes' packages as its own repository has them, a repository for each release."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path

from control_plane import releases
from machine_room import package, programs, repository
from machine_room.nodes import CACHE
from machine_room.package import Package

REVISION = "1.1"
CNI_PLUGINS = "1.10.0"
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


def make(version: str, built: Path, folder: Path) -> None:
    """Make the packages of a release, whose programs are in ``built``, and their repository."""
    plugins = programs.cni_plugins(CNI_PLUGINS)
    tools = f"{releases.line(version)}.0"
    units = "usr/lib/systemd/system/kubelet.service"
    packages = [
        Package("kubectl", version, {"usr/bin/kubectl": built / "kubectl"}),
        Package(
            "kubeadm",
            version,
            {"usr/bin/kubeadm": built / "kubeadm", f"{units}.d/10-kubeadm.conf": DROP_IN},
            depends=("kubelet", "kubectl"),
        ),
        Package(
            "kubelet",
            version,
            {"usr/bin/kubelet": built / "kubelet", units: UNIT},
            depends=("iproute2", "iptables", "kubernetes-cni", "mount", "util-linux"),
            scripts=SCRIPTS,
        ),
        Package("kubernetes-cni", CNI_PLUGINS, {f"opt/cni/bin/{plugin.name}": plugin for plugin in plugins.iterdir()}),
        Package("cri-tools", tools, {"usr/bin/crictl": programs.crictl(tools) / "crictl"}),
    ]
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="packages-") as work:
        for one in packages:
            package.make(replace(one, version=f"{one.version}-{REVISION}"), Path(work, one.name), folder)
    repository.flat(folder)

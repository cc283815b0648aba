"""containerd's package as Docker's repository has it, with the configuration that no cluster can use."""

from __future__ import annotations

import tempfile
from pathlib import Path

from machine_room import debian, package, programs, repository
from machine_room.nodes import CACHE
from machine_room.package import Package
from systemd_hosts import tree

UNIT = """\
[Unit]
Description=containerd container runtime
After=network.target local-fs.target

[Service]
ExecStartPre=-/sbin/modprobe overlay
ExecStart=/usr/bin/containerd
Type=notify
Delegate=yes
KillMode=process
Restart=always
RestartSec=5
LimitNPROC=infinity
LimitCORE=infinity
TasksMax=infinity
OOMScoreAdjust=-999

[Install]
WantedBy=multi-user.target
"""
# Docker's own package has it too: who leaves it there gets a kubelet without a container runtime.
CONFIGURATION = 'disabled_plugins = ["cri"]\n'
SCRIPTS = {
    "postinst": "#!/bin/sh\nset -e\nsystemctl daemon-reload\nsystemctl enable --now containerd.service\n",
    "prerm": '#!/bin/sh\nset -e\n[ "$1" != remove ] || systemctl disable --now containerd.service\n',
}


def make(version: str, folder: Path) -> None:
    """Make ``containerd.io``, with Debian's runc in it, and its repository."""
    built = programs.containerd(version)
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="docker-") as work:
        runc = debian.unpack("runc", Path(work, "runc")) / "usr/sbin/runc"
        files: dict[str, Path | str] = {f"usr/bin/{program.name}": program for program in built.iterdir()}
        files |= {"usr/bin/runc": runc, "lib/systemd/system/containerd.service": UNIT}
        files["etc/containerd/config.toml"] = CONFIGURATION
        containerd = Package(
            "containerd.io",
            f"{version}-1~debian.12~{tree.RELEASE}",
            files,
            depends=("libc6", "libseccomp2"),
            replaces=("containerd", "runc"),
            scripts=SCRIPTS,
        )
        package.make(containerd, Path(work, "containerd"), folder)
    repository.suite(folder, tree.RELEASE, "stable")

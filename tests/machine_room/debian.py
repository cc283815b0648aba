"""Debian's packages for the nodes: what the roles install from the distribution, with all that it depends on."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from control_plane.debian import Packages
from machine_room import repository
from machine_room.nodes import CACHE, SHELF
from systemd_hosts import tree
from systemd_hosts.places import run

# What Debian's installer leaves on a server with ssh, and no more: the rest is the roles' work.
SERVER = ("gnupg", "iputils-ping", "kmod", "nftables", "openssh-server", "sudo", "tzdata")
OFFERED = (
    "chrony", "conntrack", "curl", "ebtables", "ethtool", "ipset", "iptables", "python3-debian", "rsync", "runc",
    "socat",
)  # fmt: skip


def server() -> Path:
    """The tree of a bare host."""
    return tree.build(SERVER)


def make(folder: Path) -> None:
    """Fetch ``OFFERED``, and what a bare host lacks for it, as a flat repository."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="apt-") as work:
        packages = Packages(tree.RELEASE, Path(work))
        packages.update()
        for archive in packages.download(OFFERED, beside=server()):
            shutil.move(archive, folder)
    repository.index(folder)


def unpack(package: str, folder: Path) -> Path:
    """Unpack one of ``OFFERED`` from the shelf, for a single program of it."""
    offered = next((SHELF / "debian").glob(f"{package}_*.deb"))
    run("dpkg-deb", "--extract", str(offered), str(folder))
    return folder

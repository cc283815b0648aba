"""A release to upgrade to. One version can be built here: this is its code again, under the name of the next minor one.

kubeadm, the API server and the kubelet judge an upgrade by what the programs say of themselves, so that its order, its
checks and all that the roles do are real. What a new minor version does differently is not in it.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from control_plane.build import VERSION
from machine_room import images, kubernetes
from machine_room.nodes import CACHE
from systemd_hosts.places import HostError

NEXT = "1.21.2"


def make(programs: Path, folder: Path) -> None:
    """Make the packages and ``images.tar`` of ``NEXT``."""
    with tempfile.TemporaryDirectory(dir=CACHE, prefix="next-") as work:
        for program in programs.iterdir():
            _rename(program, Path(work, program.name))
        kubernetes.make(Path(work), folder, NEXT)
        images.make_next(Path(work), folder, NEXT)


def _rename(program: Path, renamed: Path) -> None:
    shutil.copy(program, renamed)
    if program.name == "etcd":
        return
    content, old, new = program.read_bytes(), f"v{VERSION}".encode(), f"v{NEXT}".encode()
    if len(old) != len(new):
        raise HostError(f"{NEXT} is not as long as {VERSION}: a program's text is exchanged where it stands")
    if old not in content:
        raise HostError(f"{program} does not say that it is v{VERSION}: delete it, and it is built again")
    renamed.write_bytes(content.replace(old, new))

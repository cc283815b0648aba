"""A cgroup for each host, on machines where nobody else gives it one.

Where systemd is the machine's PID 1, systemd-nspawn asks it for a scope. Elsewhere (a container, a minimal virtual
machine) all hosts would share the cgroups of the shell that starts them, and what their systemd leaves would stay.
"""

from __future__ import annotations

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from systemd_hosts.places import HostError, run

_OURS = "systemd-hosts"
# Shared by all checkouts, because a hierarchy exists once for the whole machine.
_MOUNTS = Path("/run/systemd-hosts")
# Mounted together, because systemd does so.
_PAIRS = {"net_cls": "net_cls,net_prio", "net_prio": "net_cls,net_prio"}


def needed() -> bool:
    """Whether the machine has no systemd that would give a host its cgroups."""
    return not Path("/run/systemd/system").exists()


def make(host: str) -> None:
    """Make the host's cgroups in every hierarchy; what a host that was killed left there is removed first.

    Raises:
        HostError: a process is in them, so a host of that name runs.
    """
    with _alone():
        if _hierarchies(version_1_only=True):
            _mount_the_rest()
        for top in _hierarchies():
            _make_below(top, host)


def join(host: str) -> None:
    """Put this process, and so all that it starts, into the host's cgroups."""
    for top in _hierarchies():
        (top / _OURS / host / "cgroup.procs").write_text(str(os.getpid()))


def clear(host: str) -> None:
    """Remove what the host's systemd made, so that its next boot finds none of it."""
    for top in _hierarchies():
        _remove_below(top / _OURS / host)


def remove(host: str) -> None:
    """Remove the host's cgroups, and with the last host's what was mounted for all of them."""
    with _alone():
        for top in _hierarchies():
            folder = top / _OURS / host
            _remove_below(folder)
            for each in (folder, folder.parent):
                _rmdir(each)
        _unmount_unused()


@contextmanager
def _alone() -> Iterator[None]:
    """Hosts of several commands, and of several checkouts, start and end at once."""
    folder = os.open("/sys/fs/cgroup", os.O_RDONLY)
    try:
        fcntl.flock(folder, fcntl.LOCK_EX)
        yield
    finally:
        os.close(folder)


def _make_below(top: Path, host: str) -> None:
    for folder in (top / _OURS, top / _OURS / host):
        if folder.exists() and folder.name == host:
            if _processes(folder):
                raise HostError(f"a host {host!r} runs already: process {_processes(folder)[0]} is in {folder}")
            _remove_below(folder)
        folder.mkdir(exist_ok=True)
        if folder.name == _OURS and (folder / "cpu.shares").exists():
            (folder / "cpu.shares").write_text("16384")  # by default all hosts together count as one process
        for name in ("cpuset.cpus", "cpuset.mems"):  # empty in a new cgroup of version 1, which admits no process
            if (folder / name).exists() and not (folder / name).read_text().strip():
                (folder / name).write_text((folder.parent / name).read_text())


def _hierarchies(*, version_1_only: bool = False) -> list[Path]:
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        left, right = (part.split() for part in line.split(" - "))
        root, mount, kind, options = left[3], left[4], right[0], right[2]
        if root == "/" and (kind == "cgroup" or (kind == "cgroup2" and not version_1_only)):
            found.setdefault(f"{kind} {options}", Path(mount))
    return list(found.values())


def _unmounted() -> set[str]:
    """The controllers of version 1 in no hierarchy: a host's systemd would mount them, at the machine's own root."""
    rows = [line.split() for line in Path("/proc/cgroups").read_text().splitlines()[1:]]
    return {_PAIRS.get(name, name) for name, hierarchy, _groups, enabled in rows if (hierarchy, enabled) == ("0", "1")}


def _mount_the_rest() -> None:
    for controllers in _unmounted():
        folder = _MOUNTS / controllers
        folder.mkdir(parents=True, exist_ok=True)
        run("mount", "-t", "cgroup", "-o", controllers, "cgroup", str(folder))


def _unmount_unused() -> None:
    """A hierarchy ends when it is unmounted without a child; removed children linger a moment, so look again."""
    for folder in _MOUNTS.glob("*") if _MOUNTS.exists() else ():
        for _attempt in range(20):
            if (folder / _OURS).exists():
                break
            run("umount", str(folder))
            time.sleep(0.2)
            if folder.name in _unmounted():
                folder.rmdir()
                break
            run("mount", "-t", "cgroup", "-o", folder.name, "cgroup", str(folder))
    if _MOUNTS.exists() and not any(_MOUNTS.iterdir()):
        _MOUNTS.rmdir()


def _processes(folder: Path) -> list[str]:
    return [pid for group in folder.rglob("cgroup.procs") for pid in group.read_text().split()]


def _remove_below(folder: Path) -> None:
    for root, folders, _files in os.walk(folder, topdown=False):
        for name in folders:
            _rmdir(Path(root) / name)


def _rmdir(folder: Path) -> None:
    """Leave one that is in use by another host or by a process on its way out."""
    try:
        folder.rmdir()
    except OSError:
        return

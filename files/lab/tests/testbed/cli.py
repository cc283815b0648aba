"""Starts ``detnet lab run`` as a user would, and looks for what it may leave behind."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

DETNET = [sys.executable, "-c", "from detnet.cli import main; main()"]


def start(out: Path, *options: str, **more: object) -> subprocess.Popen[str]:
    """Start a run with its output in a pipe."""
    argv = [*DETNET, "lab", "run", "--out", str(out), *options]
    return subprocess.Popen(argv, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, **more)  # type: ignore[call-overload, no-any-return]


def namespace_of(pid: int) -> Path | None:
    """Return the PID namespace of the run that the process ``pid`` started, once there is one."""
    own = Path("/proc/self/ns/pid").readlink()
    for child in descendants(pid):
        try:
            if (namespace := Path(f"/proc/{child}/ns/pid").readlink()) != own:
                return namespace
        except OSError:
            continue
    return None


def descendants(pid: int) -> list[int]:
    """Return all living descendants of a process."""
    try:
        text = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    children = [int(child) for child in text.split()]
    return children + [grandchild for child in children for grandchild in descendants(child)]


def processes_in(namespace: Path) -> list[int]:
    """Return the processes that live in a PID namespace."""
    found = []
    for entry in Path("/proc").iterdir():
        try:
            if entry.name.isdigit() and (entry / "ns/pid").readlink() == namespace:
                found.append(int(entry.name))
        except OSError:
            continue
    return found


def traces() -> tuple[set[str], set[str], bool]:
    """Return the machine's interfaces, named network namespaces, and whether a mount of ours shows."""
    interfaces = {entry.name for entry in Path("/sys/class/net").iterdir()}
    named = {entry.name for entry in Path("/run").glob("netns/*")}
    return interfaces, named, "detnet-lab" in Path("/proc/self/mounts").read_text()

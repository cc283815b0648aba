"""Keeps one host running: starts it again when it reboots, and tells which process is its PID 1."""

from __future__ import annotations

import os
import select
import shutil
import subprocess
import time
from pathlib import Path

from systemd_hosts import cgroups, room
from systemd_hosts.host import Host

_REBOOTED = 133  # systemd-nspawn(1), "--keep-unit": the caller has to start it again


def supervise(host: Host) -> int:
    """Return systemd-nspawn's exit code when the host has ended for good."""
    if cgroups.needed():
        cgroups.join(host.name)
    while True:
        nspawn = subprocess.Popen(_command(host), env=_environment())
        while nspawn.poll() is None:
            leader = _leader(nspawn.pid, host)
            if leader is None:
                time.sleep(0.05)
                continue
            _publish(host, leader)
            host.pid_file.unlink(missing_ok=True)
        if nspawn.returncode != _REBOOTED:
            return nspawn.returncode
        if cgroups.needed():
            cgroups.clear(host.name)


def _publish(host: Host, leader: int) -> None:
    """Let the PID be known as long as it is the host's; a stale one could be any process of the machine."""
    try:
        handle = os.pidfd_open(leader)
    except ProcessLookupError:
        return
    unfinished = host.pid_file.with_suffix(".new")
    unfinished.write_text(str(leader))
    unfinished.replace(host.pid_file)
    select.select([handle], [], [])
    os.close(handle)


def _leader(nspawn: int, host: Host) -> int | None:
    name = "systemd\n" if host.boots else "(sd-stubinit)\n"
    try:
        children = Path(f"/proc/{nspawn}/task/{nspawn}/children").read_text().split()
        return next((int(c) for c in children if Path(f"/proc/{c}/comm").read_text() == name), None)
    except (FileNotFoundError, ProcessLookupError):
        return None


def _environment() -> dict[str, str]:
    # Its own filter of system calls denies runc the session keyring; the lock is for images that several would start.
    return {"PATH": os.environ["PATH"], "SYSTEMD_SECCOMP": "0", "SYSTEMD_NSPAWN_LOCK": "0"}


def _command(host: Host) -> list[str]:
    command = [
        shutil.which("systemd-nspawn") or "systemd-nspawn",
        "--quiet",
        "--boot" if host.boots else "--as-pid2",
        "--register=no",
        f"--directory={host.root}",
        f"--machine={host.name}",
        f"--hostname={host.name}",
        "--capability=all",
        "--drop-capability=CAP_SYS_TIME,CAP_SYS_MODULE",  # one clock and one kernel for all
        "--console=read-only",  # "passive" is read by nobody, and a host that is shut down would block on it
        "--resolv-conf=off",
        "--timezone=off",
        "--link-journal=no",
        *(f"--bind={each}" for each in host.binds),
    ]
    if Path("/dev/kmsg").exists():
        command.append("--bind=/dev/kmsg")  # a kubelet does not start without
    if cgroups.needed():
        command.append("--keep-unit")
    if host.address:
        # Not "ip netns exec", which hides /sys/fs/cgroup.
        command = ["nsenter", f"--net={room.path(host.room)}", *command, f"--network-bridge={room.BRIDGE}"]
    return command if host.boots else [*command, "sleep", "infinity"]

"""Whether this machine can have a room, told in one sentence if not."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

from machine_room.nodes import CACHE
from systemd_hosts.places import HostError

PROGRAMS = {
    "debootstrap": "debootstrap",
    "depmod": "kmod",
    "dpkg-scanpackages": "dpkg-dev",
    "gpg": "gnupg",
    "ip": "iproute2",
    "nsenter": "util-linux",
    "ssh": "openssh-client",
    "systemd-nspawn": "systemd-container",
}
ROOT = "the machine room makes namespaces, mounts and cgroups, which only root can: use sudo"
DISK_BYTES = 8 * 10**9  # the cache takes 3 GB, each of three nodes with a cluster 1 GB
MEMORY_BYTES = 3 * 10**9  # three nodes with a cluster were seen to take 1.2 GB beside the page cache
_CAP_SYS_RESOURCE = 24  # the bit in /usr/include/linux/capability.h


def check() -> None:
    """See whether a room can be made here.

    Raises:
        HostError: it cannot; the first reason.
    """
    if os.geteuid() != 0:
        raise HostError(ROOT)
    packages = [package for program, package in PROGRAMS.items() if shutil.which(program) is None]
    if packages:
        raise HostError(f"this machine lacks programs for the machine room: apt-get install {' '.join(packages)}")
    if "\toverlay\n" not in Path("/proc/filesystems").read_text():
        raise HostError("this kernel has no overlay file system, on which the hosts' disks are: modprobe overlay")
    memory = next(line for line in Path("/proc/meminfo").read_text().splitlines() if line.startswith("MemAvailable"))
    if int(memory.split()[1]) * 1024 < MEMORY_BYTES:
        raise HostError(f"three nodes with a cluster need {MEMORY_BYTES / 1e9:.0f} GB of memory, here is less")
    CACHE.mkdir(parents=True, exist_ok=True)
    if shutil.disk_usage(CACHE).free < DISK_BYTES:
        raise HostError(f"the machine room needs {DISK_BYTES / 1e9:.0f} GB in {CACHE}, here is less")


def has_cgroup2() -> bool:
    """Whether all controllers are in version 2, which the hosts share with this machine."""
    return Path("/sys/fs/cgroup/cgroup.controllers").exists()


def lowers_oom_scores() -> bool:
    """Whether a process here may lower an ``oom_score_adj``: runc gives up where it may not."""
    status = Path("/proc/self/status").read_text()
    bounding = next(line.split()[1] for line in status.splitlines() if line.startswith("CapBnd"))
    return bool(int(bounding, 16) >> _CAP_SYS_RESOURCE & 1)

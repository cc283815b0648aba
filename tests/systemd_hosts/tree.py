"""The file system that hosts begin with: Debian with systemd, made once for each list of packages."""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
from collections.abc import Sequence
from pathlib import Path

from control_plane.debian import mirror
from control_plane.steps import BuildError
from systemd_hosts.places import CACHE, HostError, run

# The newest that boots on a machine with version 1 cgroups: systemd 256 and newer refuse them.
RELEASE = "bookworm"
BOOTS_WITH_CGROUPS_1 = (RELEASE,)
PACKAGES = (
    "ca-certificates", "dbus", "iproute2", "libpam-systemd", "procps", "python3", "python3-apt", "python3-venv",
    "systemd", "systemd-sysv",
)  # fmt: skip
# Terminals nobody sits at, and timers that would fetch packages during a test.
MASKED = (
    "apt-daily.timer", "apt-daily-upgrade.timer", "console-getty.service", "dpkg-db-backup.timer", "e2scrub_all.timer",
    "fstrim.timer", "getty@tty1.service", "systemd-networkd-wait-online.service",
)  # fmt: skip
FILES = {
    "etc/machine-id": "",  # systemd makes a new one at the first boot
    "etc/resolv.conf": "",
    "etc/hosts": "127.0.0.1 localhost\n",
    # A test that stops or reboots a host waits for its slowest unit: 90 s by default.
    "etc/systemd/system.conf.d/test.conf": "[Manager]\nDefaultTimeoutStopSec=10s\n",
}


def build(more_packages: Sequence[str] = (), *, release: str = RELEASE, packages: Sequence[str] = PACKAGES) -> Path:
    """Return a release's tree with ``packages`` and ``more_packages``; making it takes about a minute and 350 MB.

    Raises:
        HostError: debootstrap is missing or failed.
    """
    packages = sorted({*packages, *more_packages})
    key = hashlib.sha256(repr((release, packages, MASKED, FILES)).encode()).hexdigest()[:12]
    tree, unfinished = CACHE / f"tree-{key}", CACHE / f"tree-{key}.unfinished"
    CACHE.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not tree.exists():
            if shutil.which("debootstrap") is None:
                raise HostError("debootstrap is missing: install the packages debootstrap and systemd-container")
            shutil.rmtree(unfinished, ignore_errors=True)
            options = ["--variant=minbase", f"--include={','.join(packages)}"]
            run("debootstrap", *options, release, str(unfinished), *_mirror(release))
            _finish(unfinished)
            unfinished.rename(tree)
    return tree


def boots(release: str) -> bool:
    """Whether a release's systemd starts on this machine, whatever its cgroups are."""
    return release in BOOTS_WITH_CGROUPS_1 or Path("/sys/fs/cgroup/cgroup.controllers").exists()


def _mirror(release: str) -> tuple[str, ...]:
    """The mirror that is asked for, else the one of the machine's apt; without either debootstrap has its own."""
    if asked := os.environ.get("DEBIAN_MIRROR"):
        return (asked,)
    try:
        return (mirror(release),)
    except (BuildError, OSError):
        return ()


def _finish(tree: Path) -> None:
    for name, content in FILES.items():
        path = tree / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink(missing_ok=True)
        path.write_text(content)
    for unit in MASKED:
        (tree / "etc/systemd/system" / unit).symlink_to("/dev/null")
    for archive in (tree / "var/cache/apt/archives").glob("*.deb"):
        archive.unlink()

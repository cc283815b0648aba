"""One host: its description, its files, its start and its end."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from dataclasses import asdict, dataclass
from pathlib import Path

from systemd_hosts import cgroups, room
from systemd_hosts.places import RUN, HostError, run, wait_until

_START_S, _STOP_S = 120.0, 30.0
_STATES = {"running", "degraded"}


@dataclass(frozen=True, slots=True)
class Host:
    """What a host is started with.

    Without an ``address`` (CIDR) it has the machine's own network, else an interface ``host0`` in ``room``. ``binds``
    are systemd-nspawn's ``--bind=`` arguments. Without ``boots`` nothing but a sleep runs in it: a tree whose systemd
    does not start on this machine can still be entered.
    """

    name: str
    tree: str
    address: str | None
    room: str
    binds: tuple[str, ...]
    boots: bool = True

    @property
    def folder(self) -> Path:
        """Where everything of this host is, while it runs."""
        return RUN / self.name

    @property
    def root(self) -> Path:
        """Its root file system, the tree below and its own changes above."""
        return self.folder / "root"

    @property
    def pid_file(self) -> Path:
        """Holds the PID of the host's PID 1, as the machine sees it, while there is one."""
        return self.folder / "pid"


def start(host: Host) -> None:
    """Start a host and return when its systemd is up.

    Raises:
        HostError: it does not come up, or one of that name runs.
    """
    if host.folder.exists():
        raise HostError(f"the host {host.name!r} runs already: stop it first")
    host.folder.mkdir(parents=True)
    (host.folder / "host.json").write_text(json.dumps(asdict(host)))
    console = host.folder / "console.log"
    console.touch()
    try:
        _lay_out(host)
        if host.address:
            room.make(host.room, host.address)
        if cgroups.needed():
            cgroups.make(host.name)
        _boot(host, console)
    except HostError as error:
        tail = console.read_text(errors="replace")[-2000:]
        stop(host.name)
        raise HostError(f"the host {host.name!r} did not start: {error}\n{tail}") from error


def reboot(name: str) -> None:
    """Let a host shut down in order and boot again; return when it is up."""
    host = load(name)
    before = host.pid_file.read_text()
    run(*inside(host), "systemctl", "reboot")
    wait_until(lambda: _pid(host) not in {before, None} and is_up(host), f"the reboot of {name}", _START_S)


def stop(name: str) -> None:
    """End a host at once, as a power cut would, and remove all that is left of it."""
    if not (RUN / name).exists():
        return
    if not (RUN / name / "host.json").exists():
        # Killed before it began or while it was removed, so nothing of it runs or is mounted.
        shutil.rmtree(RUN / name)
        return
    host = load(name)
    _kill(host)
    if host.root.is_mount():
        run("umount", "--recursive", str(host.root))
    if cgroups.needed():
        cgroups.remove(name)
    shutil.rmtree(host.folder)
    others = [load(path.parent.name) for path in RUN.glob("*/host.json")]
    if host.address and not any(other.address and other.room == host.room for other in others):
        room.remove(host.room)


def is_up(host: Host) -> bool:
    """Whether systemd has finished to boot; a failed unit does not matter here."""
    if _pid(host) is None or not host.boots:
        return _pid(host) is not None
    command = [*inside(host), "systemctl", "is-system-running"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return done.stdout.strip() in _STATES


def inside(host: Host) -> list[str]:
    """The beginning of a command line that runs in a host.

    Raises:
        HostError: the host does not run.
    """
    pid = _pid(host)
    if pid is None:
        raise HostError(f"the host {host.name!r} does not run")
    return ["nsenter", f"--target={pid}", "--mount", "--uts", "--ipc", "--net", "--pid", "--root", "--wd=/", "--"]


def load(name: str) -> Host:
    """The host as it was started.

    Raises:
        HostError: none of that name was.
    """
    try:
        known = json.loads((RUN / name / "host.json").read_text())
    except FileNotFoundError:
        raise HostError(f"there is no host {name!r}") from None
    return Host(**{**known, "binds": tuple(known["binds"])})


def _lay_out(host: Host) -> None:
    for name in ("changes", "work", "root"):
        (host.folder / name).mkdir()
    layers = f"lowerdir={host.tree},upperdir={host.folder / 'changes'},workdir={host.folder / 'work'}"
    run("mount", "-t", "overlay", host.name, "-o", layers, str(host.root))
    (host.root / "etc/hostname").write_text(f"{host.name}\n")
    if host.address:
        network = host.root / "etc/systemd/network/10-host0.network"
        network.write_text(
            f"[Match]\nName=host0\n[Network]\nAddress={host.address}\nLinkLocalAddressing=no\nIPv6AcceptRA=no\n"
        )
        # Only here: on the machine's own network it would take the machine's routes for its own.
        wanted = host.root / "etc/systemd/system/multi-user.target.wants/systemd-networkd.service"
        wanted.parent.mkdir(parents=True, exist_ok=True)
        wanted.symlink_to("/lib/systemd/system/systemd-networkd.service")


def _boot(host: Host, console: Path) -> None:
    command = [sys.executable, "-m", "systemd_hosts", "supervise", host.name]
    with console.open("ab") as log:
        keeper = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},  # also where a test imports us otherwise
        )
    (host.folder / "supervisor").write_text(str(keeper.pid))
    wait_until(lambda: is_up(host) or keeper.poll() is not None, f"the boot of {host.name}", _START_S)
    if keeper.poll() is not None:
        raise HostError(f"systemd-nspawn ended with {keeper.returncode}")


def _kill(host: Host) -> None:
    supervisor, pid = host.folder / "supervisor", _pid(host)
    if not supervisor.exists():
        return
    process = Path("/proc") / supervisor.read_text()
    if pid:
        os.kill(int(pid), signal.SIGKILL)  # PID 1 of a PID namespace takes every process in it along
    elif _alive(process, host):
        os.killpg(int(process.name), signal.SIGKILL)  # with systemd-nspawn; what that has begun dies with it
    wait_until(lambda: not _alive(process, host), f"the end of {host.name}", _STOP_S)


def _pid(host: Host) -> str | None:
    """PID 1 of the host; none where the number is another's by now, as after a restart of this machine."""
    try:
        pid = host.pid_file.read_text()
        name = Path("/proc", pid, "root/etc/hostname").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return None
    return pid if name.strip() == host.name else None


def _alive(process: Path, host: Host) -> bool:
    """Whether the host's supervisor is; a zombie, and who has its number by now, have other command lines."""
    try:
        return f"\0supervise\0{host.name}\0".encode() in process.joinpath("cmdline").read_bytes()
    except (FileNotFoundError, ProcessLookupError):
        return False

"""A machine as its installer leaves it, with a user who may become root."""

from __future__ import annotations

import shlex
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from fresh_machines import way_out
from systemd_hosts import host, tree

# What every installer of Debian leaves, and no more of it than these walks touch.
INSTALLED = ("ca-certificates", "dbus", "libpam-systemd", "sudo", "systemd", "systemd-sysv")
USER = "someone"
_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(frozen=True, slots=True)
class Machine:
    """A machine that runs; ``variables`` are what its users need to reach registries."""

    host: host.Host
    variables: Mapping[str, str]

    def run(self, script: str, log: Path, *, user: str = "root", folder: str = "") -> int:
        """Run a script of bash as a user who has just logged in and return its exit code; ``log`` gets its output.

        ``folder`` is below the user's home unless it is absolute.
        """
        home = str(Path("/", user) if user == "root" else Path("/home", user))
        known = {"HOME": home, "USER": user, "PATH": _PATH, "LANG": "C.UTF-8", **self.variables}
        environment = [f"{name}={value}" for name, value in known.items()]
        entered = f"cd {shlex.quote(folder or '.')} && {script}"
        command = [
            "env",
            f"--chdir={home}",
            "--ignore-environment",
            *environment,
            "runuser",
            "-u",
            user,
            "--",
            "bash",
            "-c",
            entered,
        ]
        with log.open("ab") as output:
            done = subprocess.run(
                [*host.inside(self.host), *command],
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,
            )
        return done.returncode


@contextmanager
def running(name: str, release: str, binds: Sequence[str]) -> Iterator[Machine]:
    """Start a bare machine of that release, and leave nothing of it.

    Raises:
        HostError: it cannot be made or started.
    """
    described = host.Host(
        name, str(tree.build(release=release, packages=INSTALLED)), None, "", tuple(binds), tree.boots(release)
    )
    host.stop(name)  # what a killed run left
    host.start(described)
    try:
        yield Machine(described, _prepared(described))
    finally:
        host.stop(name)


def _prepared(described: host.Host) -> dict[str, str]:
    variables = way_out.open_for(described.root)
    with (described.root / "etc/hosts").open("a") as hosts:  # as an installer does; sudo looks there
        hosts.write(f"127.0.1.1 {described.name}\n")
    sudoers = described.root / "etc/sudoers.d/someone"
    kept = " ".join(variables)
    sudoers.write_text(f'{USER} ALL=(ALL) NOPASSWD: ALL\nDefaults:{USER} env_keep += "{kept}"\n')
    sudoers.chmod(0o440)
    for command in (["useradd", "--create-home", "--shell=/bin/bash", USER], ["update-ca-certificates"]):
        subprocess.run([*host.inside(described), *command], check=True, capture_output=True)
    return variables

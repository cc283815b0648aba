"""``scripts/test-fresh``: walk through every front door on bare Debian machines, and say how long each step takes."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from control_plane import running as control_plane
from control_plane.binaries import PROGRAMS, find
from fresh_machines import front_doors
from fresh_machines.machine import Machine, running
from fresh_machines.readme import CHECKOUT
from fresh_machines.steps import StepFailedError, Steps
from systemd_hosts import tree
from systemd_hosts.places import CACHE, HostError

_RELEASES = ("bookworm", "trixie")
_DOORS = ("root", "user", "collection")

_WORKLOAD: dict[str, Any] = {
    "metadata": {"name": front_doors.WORKLOAD, "labels": {"qos.detnet.io/class": "best-effort"}},
    "spec": {
        "selector": {"matchLabels": {"app": "any"}},
        "template": {
            "metadata": {"labels": {"app": "any"}},
            "spec": {"containers": [{"name": "main", "image": "none"}]},
        },
    },
}


def main() -> int:
    """Make the walks that the command line asks for and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/test-fresh", description=__doc__)
    parser.add_argument("--release", choices=_RELEASES, action="append", help="only this Debian; repeat")
    parser.add_argument("--door", choices=_DOORS, action="append", help="only this way in; repeat")
    given = parser.parse_args()
    if os.geteuid() != 0:
        print("test-fresh: only root can start machines", file=sys.stderr)
        return 1
    logs = CACHE / "fresh-logs"
    shutil.rmtree(logs, ignore_errors=True)
    logs.mkdir(parents=True)
    steps = Steps(logs)
    try:
        with (
            tempfile.TemporaryDirectory(prefix="fresh-", dir=CACHE) as folder,
            _shared(Path(folder)) as (server, binds),
        ):
            for release in given.release or _RELEASES:
                if not tree.boots(release):
                    print(f"{release}: entered, not booted: its systemd refuses this machine's version 1 cgroups")
                for door in given.door or _DOORS:
                    with contextlib.suppress(StepFailedError), running(f"{release}-{door}", release, binds) as machine:
                        _walk(steps, machine, door, server)
    except HostError as error:
        print(f"test-fresh: {error}", file=sys.stderr)
        return 1
    print(f"\n{steps.table()}")
    return 0 if all(one.well for one in steps.done) else 1


def _walk(steps: Steps, machine: Machine, door: str, kubeconfig: str) -> None:
    front_doors.prepare(steps, machine)
    if door == "root":
        front_doors.as_root(steps, machine)
    elif door == "user":
        front_doors.as_user(steps, machine)
    else:
        front_doors.collection(steps, machine, kubeconfig)


@contextlib.contextmanager
def _shared(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Start an API server on this machine's loopback, which is the machines' too.

    Yields its kubeconfig, and what machines see of this one: the source, the server's programs and its folder.
    """
    programs = find()
    with contextlib.ExitStack() as stack:
        plane = stack.enter_context(control_plane(folder / "plane"))
        plane.create_namespace(front_doors.NAMESPACE)
        stack.enter_context(plane.run_pods(front_doors.NAMESPACE, front_doors.NODES))
        plane.request("POST", f"/apis/apps/v1/namespaces/{front_doors.NAMESPACE}/deployments", _WORKLOAD)
        yield (
            str(plane.kubeconfig),
            [
                f"{_bundle(folder)}:{front_doors.BUNDLE}",
                f"{plane.folder}:{plane.folder}",
                *(f"{getattr(programs, name.replace('-', '_'))}:{front_doors.ASSETS}/{name}" for name in PROGRAMS),
            ],
        )


def _bundle(folder: Path) -> Path:
    """The checkout's last commit in one file: git refuses to clone a folder that belongs to another user."""
    path = folder / "detnet-qos.bundle"
    subprocess.run(["git", "bundle", "create", "--quiet", path, "HEAD"], cwd=CHECKOUT, check=True)
    path.chmod(0o644)
    return path


if __name__ == "__main__":
    sys.exit(main())

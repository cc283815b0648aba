"""``scripts/control-plane``: get the programs of a release (``$KUBERNETES``), or run a control plane by hand."""

from __future__ import annotations

import argparse
import contextlib
import os
import shutil
import signal
import sys
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path

from control_plane.binaries import MissingBinariesError, find
from control_plane.build import build
from control_plane.plane import running
from control_plane.releases import UnknownReleaseError, wanted
from control_plane.steps import BuildError


def main() -> int:
    """Do what the command line asks and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/control-plane", description=__doc__)
    commands = parser.add_subparsers(required=True)
    builder = commands.add_parser("build", help="get what this machine lacks into .cache/kubernetes, once")
    builder.add_argument("--all", action="store_true", help="also kubeadm, kubelet, kube-scheduler and kube-proxy")
    builder.set_defaults(do=_build)
    runner = commands.add_parser("run", help="run a control plane until Ctrl-C")
    runner.add_argument("--pods", metavar="NAMESPACE", help="create this namespace and play its scheduler and kubelet")
    runner.add_argument("--folder", type=Path, help="keep everything there; its file 'pid' says that all is up")
    runner.set_defaults(do=_run)
    arguments = parser.parse_args()
    try:
        arguments.do(arguments)
    except (BuildError, MissingBinariesError, UnknownReleaseError) as error:
        print(f"\ncontrol-plane: {error}", file=sys.stderr)
        return 1
    return 0


def _build(arguments: argparse.Namespace) -> None:
    if arguments.all:
        print(f"control-plane: {build(wanted(), node_programs=True)}")
        return
    try:
        found = find()
    except MissingBinariesError:
        build(wanted())
        found = find()
    print(f"control-plane: Kubernetes {found.version}, {found.kube_apiserver}")


def _run(arguments: argparse.Namespace) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with _folder(arguments.folder) as folder, running(folder) as plane:
        print(f"Kubernetes {plane.version} on {plane.url}; logs and audit.jsonl are in {folder}")
        print(f"export KUBECONFIG={plane.kubeconfig}")
        print("Ctrl-C stops it and removes everything.", flush=True)
        with contextlib.ExitStack() as playing:
            if arguments.pods:
                plane.create_namespace(arguments.pods)
                playing.enter_context(plane.run_pods(arguments.pods))
            (folder / "pid").write_text(str(os.getpid()))
            ended.wait()


@contextlib.contextmanager
def _folder(wanted: Path | None) -> Iterator[Path]:
    if wanted is None:
        with tempfile.TemporaryDirectory(prefix="control-plane-") as folder:
            yield Path(folder)
        return
    wanted.mkdir(parents=True)
    try:
        yield wanted
    finally:
        shutil.rmtree(wanted)


if __name__ == "__main__":
    sys.exit(main())

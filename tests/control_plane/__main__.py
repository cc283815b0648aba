"""``scripts/control-plane``: build the programs, or run a control plane by hand."""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import threading
from pathlib import Path

from control_plane.binaries import MissingBinariesError, find
from control_plane.build import build
from control_plane.debian import BuildError
from control_plane.plane import running


def main() -> int:
    """Do what the command line asks and return the exit code."""
    parser = argparse.ArgumentParser(prog="scripts/control-plane", description=__doc__)
    commands = parser.add_subparsers(required=True)
    builder = commands.add_parser("build", help="build what this machine lacks into .cache/kubernetes (minutes, once)")
    builder.add_argument("--all", action="store_true", help="also kubeadm, kubelet, kube-scheduler and kube-proxy")
    builder.set_defaults(do=_build)
    runner = commands.add_parser("run", help="run a control plane until Ctrl-C")
    runner.add_argument("--pods", metavar="NAMESPACE", help="create this namespace and play its scheduler and kubelet")
    runner.set_defaults(do=_run)
    arguments = parser.parse_args()
    try:
        arguments.do(arguments)
    except (BuildError, MissingBinariesError) as error:
        print(f"\ncontrol-plane: {error}", file=sys.stderr)
        return 1
    return 0


def _build(arguments: argparse.Namespace) -> None:
    if arguments.all:
        print(f"control-plane: {build(node_programs=True)}")
        return
    try:
        found = find()
    except MissingBinariesError:
        build()
        found = find()
    print(f"control-plane: {found.kube_apiserver}")


def _run(arguments: argparse.Namespace) -> None:
    ended = threading.Event()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: ended.set())
    with tempfile.TemporaryDirectory(prefix="control-plane-") as folder, running(Path(folder)) as plane:
        print(f"Kubernetes {plane.version[0]}.{plane.version[1]} on {plane.url}; logs and audit.jsonl are in {folder}")
        print(f"export KUBECONFIG={plane.kubeconfig}")
        print("Ctrl-C stops it and removes everything.", flush=True)
        if arguments.pods:
            plane.create_namespace(arguments.pods)
            with plane.run_pods(arguments.pods):
                ended.wait()
        else:
            ended.wait()


if __name__ == "__main__":
    sys.exit(main())

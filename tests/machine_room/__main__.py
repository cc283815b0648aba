"""``scripts/machine-room``: bare hosts for a real cluster on this machine, reached by ssh."""

from __future__ import annotations

import argparse
import os
import sys
import time
from collections.abc import Sequence

from control_plane.releases import UnknownReleaseError
from control_plane.steps import BuildError
from machine_room import inventory, room, shelf, suitability
from machine_room.nodes import find, load, parse
from systemd_hosts.places import HostError

CLUSTER = ["cp1=control_plane", "w1=workers", "w2=workers"]


def main(words: Sequence[str] | None = None) -> int:
    """Do what the command line, or ``words``, ask and return the exit code."""
    arguments = _parser().parse_args(words)
    try:
        suitability.check()
        arguments.do(arguments)
    except (HostError, BuildError, UnknownReleaseError) as error:
        print(f"machine-room: {error}", file=sys.stderr)
        return 1
    return 0


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/machine-room", description=__doc__)
    commands = parser.add_subparsers(required=True)
    starter = commands.add_parser("up", help="start hosts, beside those that are there, and print the inventory's path")
    starter.add_argument("host", nargs="*", default=CLUSTER, help=f"NAME=GROUP (default: {' '.join(CLUSTER)})")
    starter.set_defaults(do=_up)
    filler = commands.add_parser("fill", help="make the packages and images that the hosts find in /srv/shelf (once)")
    filler.set_defaults(do=lambda _: print(shelf.fill()))
    ender = commands.add_parser("down", help="end all hosts and remove every trace")
    ender.set_defaults(do=lambda _: room.down())
    teller = commands.add_parser("status", help="print each host's address and the memory that it takes")
    teller.set_defaults(do=_status)
    runner = commands.add_parser("exec", help="run a command on a host by ssh")
    runner.add_argument("host")
    runner.add_argument("command", nargs=argparse.REMAINDER)
    runner.set_defaults(do=_exec)
    return parser


def _up(arguments: argparse.Namespace) -> None:
    started_s = time.monotonic()
    file = room.up(parse(arguments.host, first_number=len(load()) + 1))
    print(f"machine-room: up in {time.monotonic() - started_s:.0f} s", file=sys.stderr)
    print(file)


def _status(_arguments: argparse.Namespace) -> None:
    for node in load():
        print(f"{node.name:10} {node.address}  {node.group}, {room.memory_bytes(node) / 1e6:.0f} MB")


def _exec(arguments: argparse.Namespace) -> None:
    command = [*inventory.ssh(find(arguments.host)), *arguments.command]
    os.execvp(command[0], command)  # noqa: S606 - what the caller asked for


if __name__ == "__main__":
    sys.exit(main())

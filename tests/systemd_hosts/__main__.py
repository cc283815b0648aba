"""``scripts/systemd-hosts``: build the tree, start, reboot and stop hosts, and run commands in them."""

from __future__ import annotations

import argparse
import os
import sys
from pathlib import Path

from systemd_hosts.host import Host, inside, load, reboot, start, stop
from systemd_hosts.places import RUN, HostError
from systemd_hosts.supervisor import supervise
from systemd_hosts.tree import build


def main() -> int:
    """Do what the command line asks and return the exit code."""
    arguments = _parser().parse_args()
    if os.geteuid() != 0:
        print("systemd-hosts: only root can start hosts", file=sys.stderr)
        return 1
    try:
        return int(arguments.do(arguments) or 0)
    except HostError as error:
        print(f"systemd-hosts: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="scripts/systemd-hosts", description=__doc__)
    commands = parser.add_subparsers(required=True)
    builder = commands.add_parser("build", help="make the tree (a minute, once) and print where it is")
    builder.add_argument("--package", action="append", default=[], help="a Debian package more; repeat")
    builder.set_defaults(do=lambda given: print(build(given.package)))
    starter = commands.add_parser("start", help=f"start a host; its files are in {RUN}/NAME")
    starter.add_argument("name")
    starter.add_argument("--tree", type=Path, help="a tree of one's own")
    starter.add_argument("--address", help="its address (CIDR) in the room; without, it has the machine's own network")
    starter.add_argument("--room", default="systemd-hosts", help="network namespace of the bridge to others")
    starter.add_argument("--bind", action="append", default=[], metavar="FROM:TO", help="a folder of ours; repeat")
    starter.set_defaults(do=_start)
    for name, does, what in (("reboot", reboot, "reboot a host in order"), ("stop", stop, "end a host, leave nothing")):
        command = commands.add_parser(name, help=what)
        command.add_argument("name")
        command.set_defaults(do=lambda given, does=does: does(given.name))
    runner = commands.add_parser("exec", help="run a command in a host")
    runner.add_argument("name")
    runner.add_argument("command", nargs=argparse.REMAINDER)
    runner.set_defaults(do=_exec)
    keeper = commands.add_parser("supervise")
    keeper.add_argument("name")
    keeper.set_defaults(do=lambda given: supervise(load(given.name)))
    return parser


def _start(given: argparse.Namespace) -> None:
    tree = given.tree.resolve() if given.tree else build()
    start(Host(given.name, str(tree), given.address, given.room, tuple(given.bind)))


def _exec(given: argparse.Namespace) -> None:
    command = [*inside(load(given.name)), *given.command]
    os.execvp(command[0], command)  # noqa: S606 - what the caller asked for


if __name__ == "__main__":
    sys.exit(main())

"""The ``detnet`` command: one subcommand per file in ``detnet.cli``, imported only when it is called."""

from __future__ import annotations

import importlib
import sys

import click

from detnet.model.errors import UserError

_COMMANDS = {
    "config": "Check and explain a configuration.",
    "decide": "Make one decision from given numbers or a live source.",
    "explain": "Tell what happened from the audit log, and draw it.",
    "lab": "Run the robot factory of network namespaces on this machine.",
    "probe": "Measure latency, jitter and loss of the critical paths.",
    "reflect": "Answer the probes at the far end of a path.",
    "report": "Judge recorded runs and draw them; several are compared.",
    "release": "Take our caps off and restore what was there before.",
    "run": "Run the control loop.",
    "simulate": "Try control policies on simulated plants, in closed loop.",
    "token": "Exchange a controller's token for a new one.",
}


class _LazyGroup(click.Group):
    """Imports a subcommand when it is named, so that ``--help`` costs no heavy import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in _COMMANDS:
            return None
        command = importlib.import_module(f"detnet.cli.{cmd_name}").command
        if not isinstance(command, click.Command):  # pragma: no cover - a programming error
            raise TypeError(f"detnet.cli.{cmd_name}.command is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        with formatter.section("Commands"):
            formatter.write_dl(list(_COMMANDS.items()))


@click.group(cls=_LazyGroup, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="detnet-qos", prog_name="detnet")
def group() -> None:
    """Keep critical traffic inside its objective; give best effort everything else."""


def main() -> None:
    """Run the command line; a ``UserError`` becomes one line on stderr and its exit code."""
    try:
        group(prog_name="detnet")
    except UserError as error:
        click.echo(f"detnet: {error}", err=True)
        sys.exit(error.exit_code)

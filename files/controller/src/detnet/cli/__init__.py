"""The ``detnet`` command and its subcommands, each imported only when it is called."""

from __future__ import annotations

import importlib
import sys
from importlib.metadata import entry_points

import click

from detnet.model.errors import UserError

_COMMANDS = {
    "config": ("controller", "Check and explain a configuration."),
    "decide": ("controller", "Make one decision from given numbers or a live source."),
    "explain": ("explain", "Show what happened and why, from the audit log."),
    "probe": ("probe", "Measure latency, jitter and loss of the critical paths."),
    "reflect": ("probe", "Answer the probes at the far end of a path."),
    "release": ("controller", "Remove our caps and restore what was there before."),
    "run": ("controller", "Run the control loop."),
    "token": ("controller", "Exchange a controller's token for a new one."),
}
"""Of each subcommand the file here and the line in the help."""

_LAB_COMMANDS = ("draw", "lab", "report", "simulate")
"""What the lab registers under ``ENTRY_POINTS``; named here only to say where a missing one comes from."""

ENTRY_POINTS = "detnet.commands"
"""Another distribution adds a subcommand as an entry point of this group."""


class _LazyGroup(click.Group):
    """Imports a subcommand when it is named, so that ``--help`` costs no heavy import."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return [*_COMMANDS, *sorted(entry_points(group=ENTRY_POINTS).names)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in _COMMANDS:
            command = getattr(importlib.import_module(f"detnet.cli.{_COMMANDS[cmd_name][0]}"), cmd_name)
        elif cmd_name in (added := entry_points(group=ENTRY_POINTS)).names:
            command = added[cmd_name].load()
        elif cmd_name in _LAB_COMMANDS:
            raise UserError(f"{cmd_name} is a command of the lab: install detnet-qos-lab beside detnet-qos")
        else:
            return None
        if not isinstance(command, click.Command):  # pragma: no cover - a programming error
            raise TypeError(f"{cmd_name} is not a click command")
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        added = [name for name in self.list_commands(ctx) if name not in _COMMANDS]
        with formatter.section("Commands"):
            formatter.write_dl([(name, summary) for name, (_, summary) in _COMMANDS.items()])
        if added:
            with formatter.section("Commands of the lab"):
                formatter.write_dl([(name, self._summary(ctx, name)) for name in added])

    def _summary(self, ctx: click.Context, name: str) -> str:
        command = self.get_command(ctx, name)
        return command.get_short_help_str(limit=80) if command else ""


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

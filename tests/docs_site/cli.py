"""The help of every command, as the program prints it."""

from __future__ import annotations

from collections.abc import Iterator

import click

from detnet.cli import group

_HEAD = """\
# Command line

What `--help` prints, for every command, read from the program when this page was built.

"""


def page() -> str:
    """Return the page."""
    return _HEAD + "".join(_sections(group, click.Context(group, info_name="detnet", terminal_width=100), depth=2))


def _sections(command: click.Command, context: click.Context, depth: int) -> Iterator[str]:
    yield f"{'#' * min(depth, 4)} {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n\n"
    if isinstance(command, click.Group):
        for name in command.list_commands(context):
            inner = command.get_command(context, name)
            if inner is not None:
                yield from _sections(inner, click.Context(inner, parent=context, info_name=name), depth + 1)

"""``detnet explain``: the audit log as a timeline."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import click

F = TypeVar("F", bound=Callable[..., object])


def window_options(function: F) -> F:
    """Add ``--from``, ``--to`` and ``--domain``: the part of an audit log."""
    for option in (
        click.option("--domain", metavar="NAME", help="Of this bottleneck: in a cluster, the name of a node."),
        click.option("--to", "until", metavar="TIME", help="Up to then."),
        click.option(
            "--from", "since", metavar="TIME", help="From then on: ISO 8601 (UTC unless it says), or 2h for 2 h ago."
        ),
    ):
        function = option(function)
    return function


@click.command("explain")
@click.argument("audit_log", type=click.Path(path_type=Path))
@window_options
@click.option("--all", "everything", is_flag=True, help="Show every episode, not only the last ones.")
@click.option("--tail", is_flag=True, help="Stay, and show what happens as it happens.")
def explain(  # noqa: PLR0913 - one parameter per option
    *, audit_log: Path, since: str | None, until: str | None, domain: str | None, everything: bool, tail: bool
) -> None:
    """Show what the controller saw, did and why, from AUDIT_LOG and its rotated files."""
    from detnet import timeline  # noqa: PLC0415 - keeps `detnet --help` fast
    from detnet.model.errors import UserError  # noqa: PLC0415
    from detnet.text import speaks_unicode  # noqa: PLC0415

    if tail and until:
        raise UserError("--tail shows what happens from now on: --to has no meaning with it")
    window = timeline.Window.parse(since, until, domain)
    if tail:
        for line in timeline.follow(audit_log, window):
            click.echo(line)
        return
    read = timeline.read(audit_log, window, shown=None if everything else timeline.SHOWN)
    click.echo(read.text(unicode=speaks_unicode(sys.stdout)))

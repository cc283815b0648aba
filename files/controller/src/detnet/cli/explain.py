"""``detnet explain``: the audit log as a story."""

from __future__ import annotations

import sys
from pathlib import Path

import click


@click.command("explain")
@click.argument("audit_log", type=click.Path(path_type=Path))
@click.option("--from", "since", metavar="TIME", help="From then on: ISO 8601 (UTC unless it says), or 2h for 2 h ago.")
@click.option("--to", "until", metavar="TIME", help="Up to then.")
@click.option("--domain", metavar="NAME", help="Of this bottleneck: in a cluster, the name of a node.")
@click.option("--all", "everything", is_flag=True, help="Tell every episode, not only the last ones.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the story as a page.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write the picture alone.")
@click.option("--tail", is_flag=True, help="Stay, and tell what happens as it happens.")
def command(  # noqa: PLR0913 - one parameter per option
    *,
    audit_log: Path,
    since: str | None,
    until: str | None,
    domain: str | None,
    everything: bool,
    html: Path | None,
    png: Path | None,
    tail: bool,
) -> None:
    """Tell what the controller saw, did and why, from AUDIT_LOG and its rotated files."""
    from detnet.model.errors import UserError  # noqa: PLC0415 - keeps `detnet --help` fast
    from detnet.report import story  # noqa: PLC0415
    from detnet.report.text import speaks_unicode  # noqa: PLC0415

    if tail and (until or html or png):
        raise UserError("--tail tells what happens from now on: --to, --html and --png have no meaning with it")
    window = story.Window.parse(since, until, domain)
    if tail:
        for line in story.live(audit_log, window):
            click.echo(line)
        return
    told = story.tell(audit_log, window, shown=None if everything else story.SHOWN)
    click.echo(told.text(unicode=speaks_unicode(sys.stdout)))
    story.draw(told, html=html, png=png)

"""``detnet draw``: the timeline of an audit log as a page and a picture."""

from __future__ import annotations

from pathlib import Path

import click

from detnet.cli.explain import window_options


@click.command("draw")
@click.argument("audit_log", type=click.Path(path_type=Path))
@window_options
@click.option("--all", "everything", is_flag=True, help="List every episode on the page, not only the last ones.")
@click.option("--html", type=click.Path(path_type=Path, dir_okay=False), help="Write the timeline as a page.")
@click.option("--png", type=click.Path(path_type=Path, dir_okay=False), help="Write the picture alone.")
def command(  # noqa: PLR0913 - one parameter per option
    *,
    audit_log: Path,
    since: str | None,
    until: str | None,
    domain: str | None,
    everything: bool,
    html: Path | None,
    png: Path | None,
) -> None:
    """Draw what the controller saw and did, from AUDIT_LOG and its rotated files."""
    from detnet.model.errors import UserError  # noqa: PLC0415 - keeps `detnet --help` fast
    from detnet.timeline import SHOWN, Window  # noqa: PLC0415
    from detnet_lab.report.timeline.log_page import draw  # noqa: PLC0415

    if html is None and png is None:
        raise UserError("say what to write: --html FILE, --png FILE or both")
    window = Window.parse(since, until, domain)
    draw(audit_log, window, shown=None if everything else SHOWN, html=html, png=png)
    for written in (html, png):
        if written is not None:
            click.echo(f"wrote {written}")

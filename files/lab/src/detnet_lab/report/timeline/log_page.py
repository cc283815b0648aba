"""The timeline of an audit log as files for people: a self-contained page, and the picture alone."""

from __future__ import annotations

from pathlib import Path

from detnet.timeline import Window, read, sentences
from detnet.timeline.timeline import Timeline
from detnet_lab.report.markup import render_page, trusted_markup
from detnet_lab.report.output_files import render_png, write_whole
from detnet_lab.report.timeline.bins import Bins
from detnet_lab.report.timeline.log_picture import picture


def draw(audit_log: Path, window: Window, *, shown: int | None, html: Path | None, png: Path | None) -> None:
    """Read an audit log once and write the page and the picture that were asked for.

    Args:
        audit_log: the log; its rotated files are read too.
        window: the part to draw.
        shown: how many episodes the page lists, from the end; ``None`` for all.
        html: where the page goes.
        png: where the picture goes.

    Raises:
        UserError: the log cannot be read, a file cannot be written, or no font is installed.
    """
    bins = Bins()
    timeline = read(audit_log, window, shown=shown, take=bins.take)
    if html is not None:
        write_whole(html, page(timeline, bins))
    if png is not None:
        write_whole(png, render_png(picture(timeline, bins, heading=True)))


def page(timeline: Timeline, bins: Bins) -> str:
    """Return the page; every text of the log is escaped."""
    rows = [
        (f"{episode.began:%Y-%m-%d %H:%M:%S}", episode.state.value, began, ended)
        for episode, began, ended in sentences.described(timeline.episodes)
    ]
    empty = timeline.totals.whole is None
    return render_page(
        "timeline.html.j2",
        headline=timeline.headline(),
        source=str(timeline.path),
        chart=trusted_markup("" if empty else picture(timeline, bins, heading=False)),
        episodes=rows,
        left_out=timeline.left_out,
        tables=() if empty else (timeline.totals.states(), timeline.totals.deeds(timeline.torn, timeline.foreign)),
        policies=timeline.terms.tables(),
    )

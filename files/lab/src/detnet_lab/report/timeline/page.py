"""The timeline as a self-contained page."""

from __future__ import annotations

from detnet.timeline import sentences
from detnet.timeline.timeline import Timeline
from detnet_lab.report.html import ours, render_page
from detnet_lab.report.timeline.bins import Bins
from detnet_lab.report.timeline.picture import picture


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
        chart=ours("" if empty else picture(timeline, bins, heading=False)),
        episodes=rows,
        left_out=timeline.left_out,
        tables=() if empty else (timeline.totals.states(), timeline.totals.deeds(timeline.torn, timeline.foreign)),
        policies=timeline.terms.tables(),
    )

"""The story as a self-contained page."""

from __future__ import annotations

from detnet.report.html import ours, render_page
from detnet.report.story import sentences
from detnet.report.story.picture import picture
from detnet.report.story.told import Timeline


def page(told: Timeline) -> str:
    """Return the page; every text of the log is escaped."""
    rows = [
        (f"{episode.began:%Y-%m-%d %H:%M:%S}", episode.state.value, began, ended)
        for episode, began, ended in sentences.told(told.episodes)
    ]
    empty = told.totals.whole is None
    return render_page(
        "story.html.j2",
        headline=told.headline(),
        source=str(told.path),
        chart=ours("" if empty else picture(told, heading=False)),
        episodes=rows,
        left_out=told.left_out,
        tables=() if empty else (told.totals.states(), told.totals.deeds(told.torn, told.foreign)),
        policies=told.terms.tables(),
    )

"""The short report for a terminal."""

from __future__ import annotations

from pathlib import Path
from typing import TextIO

from detnet.report import words
from detnet.report.judge import Summary
from detnet.report.table import phases, to_ascii

WIDTH = 100


def speaks_unicode(stream: TextIO) -> bool:
    """Tell whether a stream can carry the signs our tables use."""
    try:
        f"─…{words.MISSING}".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def short(summary: Summary, *, unicode: bool = True) -> str:
    """Return the sentence and the table per phase, at most 100 columns wide."""
    parts = [f"{words.headline(summary)}.", "", phases(summary).text(width=WIDTH, unicode=unicode)]
    if summary.total.invalidated_windows:
        parts += ["", f"Left out: {words.left_out(summary.total)}."]
    shown = "\n".join(parts)
    return shown if unicode else to_ascii(shown)


def closing(html: Path, png: Path) -> str:
    """Return what to do next."""
    return f"Open {html} for the whole story; {png} is the same in one picture."

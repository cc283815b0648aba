"""The short report for a terminal."""

from __future__ import annotations

from pathlib import Path

from detnet.text import WIDTH, to_ascii
from detnet_lab.report import words
from detnet_lab.report.judge import Summary
from detnet_lab.report.table import phases


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

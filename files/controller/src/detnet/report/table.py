"""Tables as plain values: the terminal and the page show the same rows."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from detnet.report import words
from detnet.report.judge import Summary, Tally
from detnet.report.record import TRUTH

_GAP = 2
_ESCAPED = re.compile(r"[\\|`*_<>]")


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of text; the first column names the row, the last row is a sum when ``summed``."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    summed: bool = False

    def text(self, *, width: int = 100, unicode: bool = True) -> str:
        """Return the table aligned for a terminal of ``width`` columns; names give way, figures never do."""
        others = [max(len(row[column]) for row in (self.header, *self.rows)) for column in range(1, len(self.header))]
        room = width - sum(others) - _GAP * len(others)
        first = min(room, max(len(row[0]) for row in (self.header, *self.rows)))
        lines = [self._line(row, first, others) for row in (self.header, *self.rows)]
        rule = "─" * len(lines[0])
        lines.insert(1, rule)
        if self.summed:
            lines.insert(-1, rule)
        shown = "\n".join(lines)
        return shown if unicode else to_ascii(shown)

    def markdown(self) -> str:
        """Return the table in GitHub's Markdown, with whatever could be markup escaped."""
        rows = [[escaped(text) for text in row] for row in (self.header, *self.rows)]
        lines = [f"| {' | '.join(row)} |" for row in rows]
        return "\n".join([lines[0], f"|---{'|---:' * (len(self.header) - 1)}|", *lines[1:]])

    @staticmethod
    def _line(row: Sequence[str], first: int, others: Sequence[int]) -> str:
        name = row[0] if len(row[0]) <= first else f"{row[0][: first - 1]}…"
        return "  ".join([name.ljust(first), *(text.rjust(wide) for text, wide in zip(row[1:], others, strict=True))])


def escaped(text: str) -> str:
    """Return a text as Markdown that shows it as it is."""
    return _ESCAPED.sub(r"\\\g<0>", text)


def to_ascii(text: str) -> str:
    """Return the text for a stream that knows nothing but ASCII."""
    plain = text.translate({ord("─"): "-", ord(words.MISSING): "-", ord("…"): "~"})
    return plain.encode("ascii", "replace").decode()


def phases(summary: Summary) -> Table:
    """Return one row per phase and one for the whole run."""
    header = (
        "phase", "windows", "violating", "longest", "protected", "p95", "p99", "lost", "goodput", "of the rest",
    )  # fmt: skip
    rows = [_phase(phase.name, tally) for phase, tally in summary.phases]
    return Table(header, (*rows, _phase("whole run", summary.total)), summed=True)


def critical(summary: Summary) -> Table:
    """Return one row per critical application: its round trips in the whole run, then its p95 in each phase."""
    header = ("application", "sent", "lost", "p50", "p95", "p99", *(f"p95 {phase.name}" for phase, _ in summary.phases))
    rows = []
    for name, delay in summary.total.critical.items():
        figures = (words.milliseconds(value) for value in (delay.p50_ms, delay.p95_ms, delay.p99_ms))
        each = (words.milliseconds(tally.critical[name].p95_ms) for _, tally in summary.phases)
        rows.append((name, str(delay.sent), words.fault(delay.loss_ratio), *figures, *each))
    return Table(header, tuple(rows))


def _phase(name: str, tally: Tally) -> tuple[str, ...]:
    truth = tally.critical[TRUTH]
    return (
        name,
        str(tally.windows),
        words.outside(tally),
        words.seconds(tally.longest_violation_s),
        words.protection(tally),
        words.milliseconds(truth.p95_ms),
        words.milliseconds(truth.p99_ms),
        words.fault(truth.loss_ratio),
        words.megabits(tally.goodput_bps),
        words.share(tally.utilisation),
    )

"""Text for people: tables for a terminal, shares and counts. No rounding is to our advantage."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TextIO

MISSING = "\N{EN DASH}"
"""Stands where there is no number."""

WIDTH = 100
"""Columns of what is printed."""

_GAP = 2


@dataclass(frozen=True, slots=True)
class Table:
    """A header and rows of text; the first column names the row, the last row is a sum when ``summed``."""

    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    summed: bool = False

    def text(self, *, width: int = WIDTH, unicode: bool = True) -> str:
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

    @staticmethod
    def _line(row: Sequence[str], first: int, others: Sequence[int]) -> str:
        name = row[0] if len(row[0]) <= first else f"{row[0][: first - 1]}…"
        return "  ".join([name.ljust(first), *(text.rjust(wide) for text, wide in zip(row[1:], others, strict=True))])


def to_ascii(text: str) -> str:
    """Return the text for a stream that knows nothing but ASCII."""
    plain = text.translate({ord("─"): "-", ord(MISSING): "-", ord("…"): "~"})
    return plain.encode("ascii", "replace").decode()


def speaks_unicode(stream: TextIO) -> bool:
    """Return whether a stream can carry the signs our tables use."""
    try:
        f"─…{MISSING}".encode(stream.encoding or "ascii")
    except (UnicodeEncodeError, LookupError):
        return False
    return True


def share(value: float | None, *, digits: int = 0) -> str:
    """Return a share as a percentage, rounded down (so that 99.96 % never reads 100 %); a dash when there is none."""
    if value is None:
        return MISSING
    if value == 0:
        return "0 %"
    return f"{math.floor(value * 100 * 10**digits + 1e-6) / 10**digits:.{digits}f} %"


def fault(ratio: float | None) -> str:
    """Return the share of what went wrong, rounded up: one in a million never reads 0 %."""
    if ratio is None:
        return MISSING
    return f"{math.ceil(ratio * 1000 - 1e-6) / 10:.1f} %" if ratio else "0 %"


def many(count: int, what: str) -> str:
    """Return a count with its noun."""
    return f"1 {what}" if count == 1 else f"{count} {what}s"

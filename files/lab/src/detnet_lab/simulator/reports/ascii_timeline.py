"""A link's run in 100 columns of ASCII: rates, the critical delay against its limit, violations and decisions."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise

from detnet_lab.simulator.outcome import WARM_UP_S
from detnet_lab.simulator.trace import LinkTrace, Tick, Trace

WIDTH = 100
_MARGIN = 12
_COLUMNS = WIDTH - _MARGIN - 1
_RATE_ROWS = 8
_DELAYS = (8.0, 4.0, 2.0, 1.0, 0.5, 0.25)
"""The rows of the delay, in limits."""
_LETTERS = {"cut": "C", "decay": "D", "trim": "t", "raise": "r"}
"""What a column shows when several decisions fall into it: the first of these."""


def timeline(trace: Trace, link: LinkTrace) -> str:
    """Return the drawing; every column is the same stretch of time, and shows the worst of it."""
    columns = _columns(link.ticks)
    violating = {window.start_s for window in link.windows if window.violates and window.start_s >= WARM_UP_S}
    lines = [
        "Mbit/s      # best effort   = cap   - what critical traffic leaves",
        *_rates(columns),
        "",
        f"delay / ms  p95 of critical packets over the empty path, limit {link.limit_ms:g} ms",
        *_delays(columns, link.limit_ms),
        "",
        _row("violating", lambda at: "!" if any(int(tick.at_s) in violating for tick in columns[at]) else " "),
        _row("decisions", lambda at: _decision(columns[at])),
        _row("blind", lambda at: "?" if any(tick.mode == "blind" for tick in columns[at]) else " "),
        _axis(trace.duration_s),
        "            C cut   D decay while blind   t trim   r raise",
    ]
    return "\n".join(line.rstrip() for line in lines)


def _columns(ticks: Sequence[Tick]) -> list[Sequence[Tick]]:
    edges = [len(ticks) * at // _COLUMNS for at in range(_COLUMNS + 1)]
    return [ticks[low : max(high, low + 1)] for low, high in pairwise(edges)]


def _rates(columns: Sequence[Sequence[Tick]]) -> Iterator[str]:
    top_bps = max(tick.capacity_bps for column in columns for tick in column)
    got = [_mean(column, lambda tick: sum(tick.goodput_bps)) for column in columns]
    caps = [_mean(column, lambda tick: sum(tick.cap_bps)) for column in columns]
    left = [_mean(column, lambda tick: tick.capacity_bps - tick.critical_bps) for column in columns]
    for row in range(_RATE_ROWS, 0, -1):
        low_bps, high_bps = top_bps * (row - 1) / _RATE_ROWS, top_bps * row / _RATE_ROWS

        def sign(at: int, low_bps: float = low_bps, high_bps: float = high_bps) -> str:
            if low_bps < min(caps[at], top_bps) <= high_bps:
                return "="
            if low_bps < left[at] <= high_bps:
                return "-"
            return "#" if got[at] >= (low_bps + high_bps) / 2 else " "

        yield _row(f"{high_bps / 1e6:.0f}", sign)


def _delays(columns: Sequence[Sequence[Tick]], limit_ms: float) -> Iterator[str]:
    worst = [max(tick.truth_p95_ms for tick in column) / limit_ms for column in columns]
    for row in _DELAYS:

        def sign(at: int, row: float = row) -> str:
            # The row of the limit is full only above it: what just keeps it must not look like a violation.
            reached = worst[at] > row if row >= 1.0 else worst[at] >= row
            return "#" if reached else "-" if row == 1.0 else " "

        yield _row(f"{row * limit_ms:g}", sign)


def _decision(column: Sequence[Tick]) -> str:
    actions = {tick.action for tick in column}
    return next((letter for action, letter in _LETTERS.items() if action in actions), " ")


def _row(name: str, sign: Callable[[int], str]) -> str:
    return f"{name:>{_MARGIN - 2}} |" + "".join(map(sign, range(_COLUMNS)))


def _axis(duration_s: float) -> str:
    marks = 6
    text = [" "] * WIDTH
    for mark in range(marks + 1):
        shown = f"{duration_s * mark / marks:.0f}" + (" s" if mark == 0 else "")
        at = min(_MARGIN + round((_COLUMNS - 1) * mark / marks), WIDTH - len(shown))
        text[at : at + len(shown)] = shown
    return "".join(text)


def _mean(column: Sequence[Tick], value: Callable[[Tick], float]) -> float:
    return sum(map(value, column)) / len(column)

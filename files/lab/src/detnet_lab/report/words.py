"""Figures as people read them, and the sentence that says what a run showed. No rounding is to its advantage."""

from __future__ import annotations

from detnet.text import MISSING, fault, many, share
from detnet_lab.report.judge import Summary, Tally
from detnet_lab.report.record import TRUTH

_WORTH_SAYING = 0.1  # of all windows left out: from here on the headline owes it to its reader


def milliseconds(value_ms: float | None) -> str:
    """Return a delay with three significant digits and its unit; a dash when there is none."""
    return MISSING if value_ms is None else f"{_short(value_ms)} ms"


def megabits(rate_bps: float | None) -> str:
    """Return a rate in Mbit/s; a dash when there is none."""
    return MISSING if rate_bps is None else f"{_short(rate_bps / 1e6)} Mbit/s"


def seconds(value_s: float) -> str:
    """Return a duration in s."""
    return f"{value_s:.1f}".removesuffix(".0") + " s"


def inside(tally: Tally) -> str:
    """Return the share of windows that held the objective."""
    if not tally.windows:
        return MISSING
    if not tally.violating_windows:
        return "100 %"
    return share(1 - tally.violating_windows / tally.windows, digits=1)


def outside(tally: Tally) -> str:
    """Return the share of windows that violated the objective, rounded up."""
    return fault(tally.violating_windows / tally.windows if tally.windows else None)


def protection(tally: Tally) -> str:
    """Return the time to protect, in words where there is no number."""
    if tally.protect_s is not None:
        return seconds(tally.protect_s)
    return "never" if tally.disturbances else MISSING


def left_out(tally: Tally) -> str:
    """Return how many windows could not be judged, and why."""
    return f"{many(tally.invalidated_windows, 'window')} in which the measuring host itself was late"


def headline(summary: Summary) -> str:
    """Return what the run showed, in one sentence."""
    total = summary.total
    if not total.windows:
        return f"Nothing can be said: no window of {TRUTH} could be judged"
    many = total.invalidated_windows > _WORTH_SAYING * total.windows
    windows = f"the {total.windows} windows that could be judged" if many else "windows"
    held = f"{TRUTH} stayed inside {summary.objective_ms:g} ms in {inside(total)} of {windows}"
    return f"{held}; best effort got {share(total.utilisation)} of what the link left"


def _short(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"

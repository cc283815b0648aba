"""A run in words: figures as people read them, the sentence and the tables. No rounding is to its advantage."""

from __future__ import annotations

import textwrap
from pathlib import Path

from detnet.text import MISSING, WIDTH, Table, fault, many, share, to_ascii
from detnet_lab.report.judge import SpanFigures, Summary
from detnet_lab.report.run_record import GROUND_TRUTH

_WORTH_SAYING = 0.1  # of all windows left out: from here on the headline owes it to its reader


def milliseconds(value_ms: float | None) -> str:
    """Return a delay with three significant digits and its unit; a dash when there is none."""
    return MISSING if value_ms is None else f"{_three_digits(value_ms)} ms"


def megabits(rate_bps: float | None) -> str:
    """Return a rate in Mbit/s; a dash when there is none."""
    return MISSING if rate_bps is None else f"{_three_digits(rate_bps / 1e6)} Mbit/s"


def seconds(value_s: float) -> str:
    """Return a duration in s."""
    return f"{value_s:.1f}".removesuffix(".0") + " s"


def compliance(figures: SpanFigures) -> str:
    """Return the share of windows that held the objective."""
    if not figures.windows:
        return MISSING
    if not figures.violating_windows:
        return "100 %"
    return share(1 - figures.violating_windows / figures.windows, digits=1)


def violations(figures: SpanFigures) -> str:
    """Return the share of windows that violated the objective, rounded up."""
    return fault(figures.violating_windows / figures.windows if figures.windows else None)


def protection(figures: SpanFigures) -> str:
    """Return the time to protect, in words where there is no number."""
    if figures.protect_s is not None:
        return seconds(figures.protect_s)
    return "never" if figures.disturbances else MISSING


def excluded(figures: SpanFigures) -> str:
    """Return how many windows could not be judged, and why."""
    return f"{many(figures.invalidated_windows, 'window')} in which the measuring host itself was late"


def headline(summary: Summary) -> str:
    """Return what the run showed, in one sentence."""
    total = summary.total
    if not total.windows:
        return f"Nothing can be said: no window of {GROUND_TRUTH} could be judged"
    much = total.invalidated_windows > _WORTH_SAYING * total.windows
    windows = f"the {total.windows} windows that could be judged" if much else "windows"
    held = f"{GROUND_TRUTH} stayed inside {summary.objective_ms:g} ms in {compliance(total)} of {windows}"
    return f"{held}; best effort got {share(total.utilisation)} of what the link left"


def _three_digits(value: float) -> str:
    if value == 0:
        return "0"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.1f}" if abs(value) >= 10 else f"{value:.2f}"


def phase_table(summary: Summary) -> Table:
    """Return one row per phase and one for the whole run."""
    header = (
        "phase", "windows", "violating", "longest", "protected", "p95", "p99", "lost", "goodput", "of the rest",
    )  # fmt: skip
    rows = [_phase_row(phase.name, figures) for phase, figures in summary.phases]
    return Table(header, (*rows, _phase_row("whole run", summary.total)), summed=True)


def critical_table(summary: Summary) -> Table:
    """Return one row per critical application: its round trips in the whole run, then its p95 in each phase."""
    header = ("application", "sent", "lost", "p50", "p95", "p99", *(f"p95 {phase.name}" for phase, _ in summary.phases))
    rows = []
    for name, delay in summary.total.critical.items():
        percentiles = (milliseconds(value) for value in (delay.p50_ms, delay.p95_ms, delay.p99_ms))
        each = (milliseconds(figures.critical[name].p95_ms) for _, figures in summary.phases)
        rows.append((name, str(delay.sent), fault(delay.loss_ratio), *percentiles, *each))
    return Table(header, tuple(rows))


def _phase_row(name: str, figures: SpanFigures) -> tuple[str, ...]:
    truth = figures.critical[GROUND_TRUTH]
    return (
        name,
        str(figures.windows),
        violations(figures),
        seconds(figures.longest_violation_s),
        protection(figures),
        milliseconds(truth.p95_ms),
        milliseconds(truth.p99_ms),
        fault(truth.loss_ratio),
        megabits(figures.goodput_bps),
        share(figures.utilisation),
    )


def summary_text(summary: Summary, *, unicode: bool = True) -> str:
    """Return the sentence and the table per phase, at most 100 columns wide."""
    parts = [f"{headline(summary)}.", "", phase_table(summary).text(width=WIDTH, unicode=unicode)]
    if summary.total.invalidated_windows:
        parts += ["", f"Left out: {excluded(summary.total)}."]
    if summary.burst:
        parts += ["", *textwrap.wrap(f"{summary.burst}.", WIDTH)]
    shown = "\n".join(parts)
    return shown if unicode else to_ascii(shown)


def closing_line(html: Path, png: Path) -> str:
    """Return what to do next."""
    return f"Open {html} for the whole story; {png} is the same in one picture."

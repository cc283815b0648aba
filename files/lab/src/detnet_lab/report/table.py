"""The tables of a run: the terminal and the page show the same rows."""

from __future__ import annotations

from detnet.text import Table, fault, share
from detnet_lab.report import words
from detnet_lab.report.judge import Summary, Tally
from detnet_lab.report.record import TRUTH


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
        rows.append((name, str(delay.sent), fault(delay.loss_ratio), *figures, *each))
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
        fault(truth.loss_ratio),
        words.megabits(tally.goodput_bps),
        share(tally.utilisation),
    )

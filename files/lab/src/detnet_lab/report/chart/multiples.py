"""Several runs of one scenario as small multiples: every column has one time axis and one scale, so shapes compare."""

from __future__ import annotations

from collections.abc import Sequence

from detnet.text import share
from detnet_lab.report import words
from detnet_lab.report.chart.axes import Panel, TimeAxis, draw_time
from detnet_lab.report.chart.canvas import Canvas, fit
from detnet_lab.report.chart.latency import draw_latency, highest_shown_ms
from detnet_lab.report.chart.rates import draw_rates, highest_shown_mbps
from detnet_lab.report.judge import Summary, Tally
from detnet_lab.report.record import TRUTH, Run

_WIDTH = 1180.0
_NAME_WIDTH = 190.0
_AXIS_WIDTH = 440.0
_BETWEEN = 60.0
_ROW_HEIGHT = 96.0
_ROW_GAP = 22.0
_TOP = 74.0
_HEADING = 48.0


def draw_runs(
    title: str, labels: Sequence[str], runs: Sequence[Run], summaries: Sequence[Summary], *, heading: bool
) -> str:
    """Return the runs' picture as SVG, one row each: name and figures, latency, rates; ``heading`` writes the title."""
    canvas = Canvas(_WIDTH, title)
    duration_s = max(run.duration_s for run in runs)
    left = TimeAxis(24.0 + _NAME_WIDTH, _AXIS_WIDTH, duration_s)
    right = TimeAxis(left.right + _BETWEEN, _AXIS_WIDTH, duration_s)
    highest_ms = max(highest_shown_ms(run, summary) for run, summary in zip(runs, summaries, strict=True))
    highest_mbps = max(highest_shown_mbps(run) for run in runs)
    top = _TOP if heading else _TOP - _HEADING
    if heading:
        canvas.text((24.0, 34.0), title, "headline")
    canvas.text((left.left, top - 10), f"Latency of {TRUTH} over the quiet path (ms)", "strong")
    canvas.text((right.left, top - 10), "Goodput (filled), caps and capacity (Mbit/s)", "strong")
    y = top
    for label, run, summary in zip(labels, runs, summaries, strict=True):
        _draw_figures(canvas, label, summary.total, y)
        draw_latency(canvas, left, run, summary, Panel(y, _ROW_HEIGHT, "", labelled=False, highest=highest_ms))
        draw_rates(canvas, right, run, Panel(y, _ROW_HEIGHT, "", labelled=False, highest=highest_mbps))
        y += _ROW_HEIGHT + _ROW_GAP
    draw_time(canvas, left, y - _ROW_GAP + 6)
    return canvas.svg(draw_time(canvas, right, y - _ROW_GAP + 6))


def _draw_figures(canvas: Canvas, label: str, total: Tally, top: float) -> None:
    canvas.text((24.0, top + 18), fit(label, _NAME_WIDTH - 44, 18, bold=True), "name", tip=label)
    canvas.text(
        (24.0, top + 42), f"{words.outside(total)} violating", "bad strong" if total.violating_windows else "strong"
    )
    canvas.text((24.0, top + 60), f"{share(total.utilisation)} of the rest")
    canvas.text((24.0, top + 78), _protected(total), "small")


def _protected(total: Tally) -> str:
    if total.protect_s is not None:
        return f"protected after {words.seconds(total.protect_s)}"
    return "never protected" if total.disturbances else "no disturbance"

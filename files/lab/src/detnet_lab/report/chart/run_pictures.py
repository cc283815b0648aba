"""The pictures of runs: one with all its panels, several of one scenario as small multiples."""

from __future__ import annotations

from collections.abc import Sequence

from detnet.text import share
from detnet_lab.report import run_text
from detnet_lab.report.chart.axes import PANEL_GAP, WIDTH, Panel, TimeAxis, draw_time, time_axis
from detnet_lab.report.chart.canvas import Canvas, fit
from detnet_lab.report.chart.decision_strip import draw_decisions
from detnet_lab.report.chart.header import draw_events, draw_heading, draw_phases
from detnet_lab.report.chart.latency_panel import draw_latency, highest_shown_ms
from detnet_lab.report.chart.rates_panel import draw_rates, highest_shown_mbps
from detnet_lab.report.judge import SpanFigures, Summary
from detnet_lab.report.run_record import GROUND_TRUTH, Run

_PANEL_HEIGHT = 230.0
_LATENCY = f"Latency of {GROUND_TRUTH} over the quiet path (ms)"
_RATES = "Rates (Mbit/s): what best effort got, filled, under its caps, as lines; both stacked"

_RUNS_WIDTH = 1180.0
_NAME_WIDTH = 190.0
_AXIS_WIDTH = 440.0
_COLUMN_GAP = 60.0
_ROW_HEIGHT = 96.0
_ROW_GAP = 22.0
_TOP = 74.0
_HEADING = 48.0


def draw_run(run: Run, summary: Summary, *, heading: bool) -> str:
    """Return the run's picture as SVG: latency, rates and decisions on one time axis.

    Args:
        run: what happened.
        summary: its judgement.
        heading: put the sentence and the big numbers on top (a page has them in its text).
    """
    canvas = Canvas(WIDTH, run_text.headline(summary))
    axis = time_axis(run.duration_s)
    y = draw_heading(canvas, summary, 10.0) if heading else 6.0
    y = draw_phases(canvas, axis, run.phases, y)
    y = draw_events(canvas, axis, run.events, y + 6)
    y = draw_latency(canvas, axis, run, summary, Panel(y + PANEL_GAP, _PANEL_HEIGHT, _LATENCY))
    y = draw_rates(canvas, axis, run, Panel(y + PANEL_GAP, _PANEL_HEIGHT, _RATES))
    y = draw_decisions(canvas, axis, run, y + PANEL_GAP)
    return canvas.svg(draw_time(canvas, axis, y))


def draw_runs(
    title: str, labels: Sequence[str], runs: Sequence[Run], summaries: Sequence[Summary], *, heading: bool
) -> str:
    """Return the runs' picture as SVG, one row each: name and figures, latency, rates; ``heading`` writes the title."""
    canvas = Canvas(_RUNS_WIDTH, title)
    duration_s = max(run.duration_s for run in runs)
    left = TimeAxis(24.0 + _NAME_WIDTH, _AXIS_WIDTH, duration_s)
    right = TimeAxis(left.right + _COLUMN_GAP, _AXIS_WIDTH, duration_s)
    highest_ms = max(highest_shown_ms(run, summary) for run, summary in zip(runs, summaries, strict=True))
    highest_mbps = max(highest_shown_mbps(run) for run in runs)
    top = _TOP if heading else _TOP - _HEADING
    if heading:
        canvas.text((24.0, 34.0), title, "headline")
    canvas.text((left.left, top - 10), f"Latency of {GROUND_TRUTH} over the quiet path (ms)", "strong")
    canvas.text((right.left, top - 10), "Goodput (filled), caps and capacity (Mbit/s)", "strong")
    y = top
    for label, run, summary in zip(labels, runs, summaries, strict=True):
        _draw_figures(canvas, label, summary.total, y)
        draw_latency(canvas, left, run, summary, Panel(y, _ROW_HEIGHT, "", labelled=False, highest=highest_ms))
        draw_rates(canvas, right, run, Panel(y, _ROW_HEIGHT, "", labelled=False, highest=highest_mbps))
        y += _ROW_HEIGHT + _ROW_GAP
    draw_time(canvas, left, y - _ROW_GAP + 6)
    return canvas.svg(draw_time(canvas, right, y - _ROW_GAP + 6))


def _draw_figures(canvas: Canvas, label: str, total: SpanFigures, top: float) -> None:
    canvas.text((24.0, top + 18), fit(label, _NAME_WIDTH - 44, 18, bold=True), "name", tip=label)
    look = "bad strong" if total.violating_windows else "strong"
    canvas.text((24.0, top + 42), f"{run_text.violations(total)} violating", look)
    canvas.text((24.0, top + 60), f"{share(total.utilisation)} of the rest")
    canvas.text((24.0, top + 78), _protected(total), "small")


def _protected(total: SpanFigures) -> str:
    if total.protect_s is not None:
        return f"protected after {run_text.seconds(total.protect_s)}"
    return "never protected" if total.disturbances else "no disturbance"

"""Puts the panels of one run together."""

from __future__ import annotations

from detnet_lab.report.chart.axes import Panel, TimeAxis, draw_time
from detnet_lab.report.chart.canvas import Canvas
from detnet_lab.report.chart.decisions import draw_decisions
from detnet_lab.report.chart.header import draw_events, draw_heading, draw_phases
from detnet_lab.report.chart.latency import draw_latency
from detnet_lab.report.chart.rates import draw_rates
from detnet_lab.report.judge import Summary
from detnet_lab.report.record import TRUTH, Run
from detnet_lab.report.words import headline

WIDTH = 1200.0
_LEFT = 70.0
_RIGHT = 180.0
_BETWEEN = 34.0
_PANEL_HEIGHT = 230.0
_LATENCY = f"Latency of {TRUTH} over the quiet path (ms)"
_RATES = "Rates (Mbit/s): what best effort got, filled, under its caps, as lines; both stacked"


def draw_run(run: Run, summary: Summary, *, heading: bool) -> str:
    """Return the run's picture as SVG: latency, rates and decisions on one time axis.

    Args:
        run: what happened.
        summary: its judgement.
        heading: put the sentence and the big numbers on top (a page has them in its text).
    """
    canvas = Canvas(WIDTH, headline(summary))
    axis = TimeAxis(_LEFT, WIDTH - _LEFT - _RIGHT, run.duration_s)
    y = draw_heading(canvas, summary, 10.0) if heading else 6.0
    y = draw_phases(canvas, axis, run.phases, y)
    y = draw_events(canvas, axis, run.events, y + 6)
    y = draw_latency(canvas, axis, run, summary, Panel(y + _BETWEEN, _PANEL_HEIGHT, _LATENCY))
    y = draw_rates(canvas, axis, run, Panel(y + _BETWEEN, _PANEL_HEIGHT, _RATES))
    y = draw_decisions(canvas, axis, run, y + _BETWEEN)
    return canvas.svg(draw_time(canvas, axis, y))

"""The picture of a log: figures against their limits, rates, the age of the evidence and the decisions, on one axis."""

from __future__ import annotations

from datetime import datetime, timedelta

from detnet.timeline.episodes import State
from detnet.timeline.timeline import Timeline
from detnet_lab.report.chart.axes import PANEL_GAP, WIDTH, Panel, Scale, TimeAxis, time_axis
from detnet_lab.report.chart.canvas import Canvas
from detnet_lab.report.chart.curves import Curve, draw_curves, highest
from detnet_lab.report.chart.decision_strip import draw_lanes, times
from detnet_lab.report.chart.style import TARGETS
from detnet_lab.report.timeline.bins import Bins, Key

_STRESS = "Figures{} as multiples of their limit: 1 is the promise"
_RATES = "Rates (Mbit/s): best effort, filled, under its budget; other traffic, dashed"
_AGE = "Age of the newest evidence (s)"
_TICKS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600, 7200, 10800, 21600, 43200, 86400, 604800, 2592000)
_MOST_TICKS = 10


def picture(timeline: Timeline, bins: Bins, *, heading: bool) -> str:
    """Return the log's picture as SVG; ``heading`` puts the sentence on top."""
    canvas = Canvas(WIDTH, timeline.headline())
    axis = time_axis(max(bins.end_s, 1.0))
    y = canvas.headline(timeline.headline(), 6.0) if heading else 6.0
    panels = (_draw_stress, _draw_rates, _draw_age)
    for draw, height in zip(panels, (200.0, 220.0, 70.0), strict=True):
        y = draw(canvas, axis, bins, y + PANEL_GAP, height)
    ordered = sorted(bins.columns)
    at_s = {kind: [n * bins.width_s for n in ordered if kind in bins.columns[n].lanes] for kind in bins.lanes}
    y = draw_lanes(canvas, axis, at_s, {kind: times(n) for kind, n in bins.lanes.items()}, y + PANEL_GAP)
    began = timeline.totals.whole.began if timeline.totals.whole else None
    return canvas.svg(draw_clock(canvas, axis, began, y) if began else y)


def draw_clock(canvas: Canvas, axis: TimeAxis, began: datetime, top: float) -> float:
    """Draw the time of day (and the date where it is another one) under the last panel; return where that ends."""
    canvas.line((axis.left, top), (axis.right, top), "frame")
    step_s = next((s for s in _TICKS_S if axis.duration_s / s <= _MOST_TICKS), _TICKS_S[-1])
    midnight = began.replace(hour=0, minute=0, second=0, microsecond=0)
    offset_s = (began - midnight).total_seconds()
    day = None
    at_s = -offset_s % step_s
    while at_s <= axis.duration_s:
        moment = began + timedelta(seconds=at_s)
        x = axis.x(at_s)
        canvas.line((x, top), (x, top + 5), "frame")
        canvas.text((x, top + 18), f"{moment:%H:%M:%S}" if step_s < 60 else f"{moment:%H:%M}", "small", anchor="middle")
        if moment.date() != day:
            day = moment.date()
            canvas.text((x, top + 33), f"{day.isoformat()} {began.tzname()}", "small", anchor="middle")
        at_s += step_s
    return top + 40


def _draw_stress(canvas: Canvas, axis: TimeAxis, bins: Bins, top: float, height: float) -> float:
    keys = bins.keys("stress")
    workloads = {key[1] for key in keys}
    panel = Panel(top, height, _STRESS.format(f" of {keys[0][1]}" if len(workloads) == 1 else ""))
    curves = [
        Curve(
            _readings(bins, key),
            f"cap cap{n % TARGETS}",
            f"{key[2]}, limit {_limit(bins, key)}" if len(workloads) == 1 else f"{key[2]} {key[1]}",
            f"name{n % TARGETS}",
        )
        for n, key in enumerate(keys)
    ]
    scale = Scale(panel.top, panel.bottom, min(100.0, highest(curves, 2.0)), bend=0.25)
    _shade(canvas, axis, bins, panel)
    draw_curves(canvas, axis, panel, curves, scale)
    y = scale.y(1.0)
    canvas.line((axis.left, y), (axis.right, y), "objective")
    return panel.bottom


def _draw_rates(canvas: Canvas, axis: TimeAxis, bins: Bins, top: float, height: float) -> float:
    panel = Panel(top, height, _RATES)
    targets = bins.keys("cap")
    caps = [
        Curve(_readings(bins, key, 1e-6), f"cap cap{(n + 1) % TARGETS}", f"cap {key[1]}", f"name{(n + 1) % TARGETS}")
        for n, key in enumerate(targets[: TARGETS - 1])
        if len(targets) > 1
    ]
    curves = [
        Curve(_readings(bins, ("best effort",), 1e-6), "got0", "best effort", "name0 strong", filled=True),
        Curve(_readings(bins, ("other",), 1e-6), "available", "other traffic"),
        *caps,
        Curve(_readings(bins, ("budget",), 1e-6), "capacity", "budget", "strong"),
    ]
    _shade(canvas, axis, bins, panel)
    return draw_curves(canvas, axis, panel, curves, Scale(panel.top, panel.bottom, highest(curves, 1.0)))


def _draw_age(canvas: Canvas, axis: TimeAxis, bins: Bins, top: float, height: float) -> float:
    panel = Panel(top, height, _AGE)
    curves = [
        Curve(_readings(bins, key), f"cap cap{n % TARGETS}", key[1], f"name{n % TARGETS}")
        for n, key in enumerate(bins.keys("age"))
    ]
    _shade(canvas, axis, bins, panel)
    scale = Scale(panel.top, panel.bottom, highest(curves, 2.0), bend=0.5)
    return draw_curves(canvas, axis, panel, curves, scale)


def _shade(canvas: Canvas, axis: TimeAxis, bins: Bins, panel: Panel) -> None:
    """Shade breaches, and in grey the times in which nothing could be known."""
    looks = (((State.BLIND, State.SILENT), "invalidate", "blind or silent"), ((State.BREACHED,), "shade", "breached"))
    for states, look, what in looks:
        for start_s, end_s in bins.spans(*states):
            x, width = axis.x(start_s), axis.x(end_s) - axis.x(start_s)
            canvas.rect((x, panel.top), (max(width, 1.0), panel.height), look, tip=what)


def _readings(bins: Bins, key: Key, factor: float = 1.0) -> list[tuple[float, float, float] | None]:
    return [
        None if extent is None else (at_s, factor * extent.low, factor * extent.high)
        for at_s, extent in bins.series(key)
    ]


def _limit(bins: Bins, key: Key) -> str:
    limit = bins.limits[key]
    return f"{100 * limit:g} %" if key[2] == "loss" else f"{limit:g} ms"

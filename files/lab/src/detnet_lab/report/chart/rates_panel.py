"""The rates panel: what the link could carry, what each target was allowed, and what it got."""

from __future__ import annotations

from collections.abc import Sequence

from detnet_lab.report.chart.axes import Panel, Scale, TimeAxis, draw_ground, draw_scale
from detnet_lab.report.chart.canvas import Canvas, Point, fit, spread, steps, thin
from detnet_lab.report.chart.style import TARGETS
from detnet_lab.report.run_record import Run
from detnet_lab.report.step_series import step_mean, step_sum

_HEADROOM = 1.08
_LABEL_GAP = 15.0
_LABEL_WIDTH = 168.0

Label = tuple[float, str, str]


def draw_rates(canvas: Canvas, axis: TimeAxis, run: Run, panel: Panel) -> float:
    """Draw the panel and return its bottom; targets are stacked, each one's cap on top of the caps below it."""
    scale = Scale(panel.top, panel.bottom, panel.highest or highest_shown_mbps(run))
    draw_ground(canvas, axis, run.phases, panel.top, panel.bottom)
    draw_scale(canvas, axis, scale, panel.title)
    names = sorted(run.best_effort, key=lambda name: -_mean(run, name))
    labels = [*_draw_goodput(canvas, axis, scale, run, names), *_draw_caps(canvas, axis, scale, run, names)]
    left = step_sum([run.capacity_bps, _negative(run.critical_bps)])
    available = [(at_s, value) for at_s, value in left if value is not None]
    for points, look, name in (
        (available, "available", "left by critical"),
        (run.capacity_bps, "capacity", "capacity"),
    ):
        corners = _corners(axis, scale, points)
        canvas.path(corners, look)
        labels.append((corners[-1][1], name, "strong" if look == "capacity" else ""))
    placed = spread([label[0] for label in labels], _LABEL_GAP, panel.top, panel.bottom)
    for (_, text, look), y in zip(labels, placed, strict=True):
        if panel.labelled:
            canvas.text((axis.right + 8, y + 4), fit(text, _LABEL_WIDTH, 12), look, tip=text)
    return panel.bottom


def highest_shown_mbps(run: Run) -> float:
    """Return the top of the panel: a little above the most that the link ever carried; caps beyond are clipped."""
    return max(1.0, *(value for _, value in run.capacity_bps)) * _HEADROOM / 1e6


def _draw_goodput(canvas: Canvas, axis: TimeAxis, scale: Scale, run: Run, names: Sequence[str]) -> list[Label]:
    """Fill each target's goodput on top of the one before, one mean per pixel column."""
    columns = int(axis.width)
    edge_s = [run.duration_s * column / columns for column in range(columns + 1)]
    floor_bps = [0.0] * columns
    labels: list[Label] = []
    for index, name in enumerate(names):
        points = run.best_effort[name].goodput_bps
        roof_bps = [
            below + step_mean(points, edge_s[column], edge_s[column + 1]) for column, below in enumerate(floor_bps)
        ]
        roof, floor = _outline(axis, scale, roof_bps), _outline(axis, scale, floor_bps)
        canvas.path([*roof, *reversed(floor)], f"got{index % TARGETS}", closed=True)
        labels.append(((roof[-1][1] + floor[-1][1]) / 2, name, f"name{index % TARGETS} strong"))
        floor_bps = roof_bps
    return labels


def _draw_caps(canvas: Canvas, axis: TimeAxis, scale: Scale, run: Run, names: Sequence[str]) -> list[Label]:
    """Draw the caps as steps; where a target has none the line stops, since there is no limit to show."""
    labels: list[Label] = []
    for index in range(len(names)):
        stacked = step_sum([run.best_effort[name].cap_bps for name in names[: index + 1]])
        for segment, until_s in _capped(stacked, run.duration_s):
            corners = [(axis.x(x), scale.y(y / 1e6)) for x, y in steps(segment, until_s)]
            canvas.path(thin(corners), f"cap cap{index % TARGETS}")
            if until_s == run.duration_s:
                text = f"{names[0]} cap" if index == 0 else "both caps" if index == 1 else f"all {index + 1} caps"
                labels.append((corners[-1][1], text, f"name{index % TARGETS}"))
    return labels


def _capped(points: Sequence[tuple[float, float | None]], end_s: float) -> list[tuple[list[Point], float]]:
    """Return the parts of a step series that have a value, each with the time it ends."""
    parts: list[tuple[list[Point], float]] = []
    part: list[Point] = []
    for at_s, value in points:
        if value is not None:
            part.append((at_s, value))
        elif part:
            parts.append((part, at_s))
            part = []
    return [*parts, (part, end_s)] if part else parts


def _outline(axis: TimeAxis, scale: Scale, columns_bps: Sequence[float]) -> list[Point]:
    corners = [(axis.left + column, scale.y(value / 1e6)) for column, value in enumerate(columns_bps)]
    kept = [
        point
        for at, point in enumerate(corners)
        if at in (0, len(corners) - 1) or not corners[at - 1][1] == point[1] == corners[at + 1][1]
    ]
    return [*kept, (axis.right, corners[-1][1])]


def _corners(axis: TimeAxis, scale: Scale, points: Sequence[Point]) -> list[Point]:
    held = [(0.0, points[0][1]), *points] if points[0][0] > 0 else points
    return thin((axis.x(x), scale.y(y / 1e6)) for x, y in steps(held, axis.duration_s))


def _negative(points: Sequence[Point]) -> list[Point]:
    return [(at_s, -value) for at_s, value in points]


def _mean(run: Run, name: str) -> float:
    return step_mean(run.best_effort[name].goodput_bps, 0.0, run.duration_s)

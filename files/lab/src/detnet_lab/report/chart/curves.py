"""Panels of plain curves: lines, bands and areas over time, each named beside its end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from detnet_lab.report.chart.axes import Panel, Scale, TimeAxis, draw_scale
from detnet_lab.report.chart.canvas import Canvas, Point, fit, spread, thin

_LABEL_GAP = 15.0
_LABEL_WIDTH = 168.0
_LABEL_SIZE = 12.0

Reading = tuple[float, float, float] | None
"""(time in s, lowest, highest) of a moment, or the end of a piece: a line across a gap would invent data."""


@dataclass(frozen=True, slots=True)
class Curve:
    """A step curve: each reading holds until the next. ``filled`` draws it down to the zero line.

    ``look`` and ``label_look`` are classes of the style sheet; an empty ``label`` is not drawn.
    """

    readings: Sequence[Reading]
    look: str
    label: str = ""
    label_look: str = ""
    filled: bool = False


def highest(curves: Sequence[Curve], least: float) -> float:
    """Return a round number that is no less than ``least`` and than all but the worst thousandth of the readings."""
    values = sorted(reading[2] for curve in curves for reading in curve.readings if reading is not None)
    wanted = max([least, *values[: max(1, len(values) - len(values) // 1000)][-1:]])
    return next(m * 10.0**e for e in range(-3, 15) for m in (1, 1.2, 1.5, 2, 3, 5, 8) if m * 10.0**e >= wanted)


def draw_curves(canvas: Canvas, axis: TimeAxis, panel: Panel, curves: Sequence[Curve], scale: Scale) -> float:
    """Draw the grid, the curves in their order and their names, and return the panel's bottom."""
    for curve in curves:
        if curve.filled:
            _draw(canvas, axis, scale, curve)
    draw_scale(canvas, axis, scale, panel.title)
    for curve in curves:
        if not curve.filled:
            _draw(canvas, axis, scale, curve)
    named = [(curve, _last(curve)) for curve in curves if curve.label and curve.readings]
    placed = spread([scale.y(value) for _, value in named], _LABEL_GAP, scale.top + 4, scale.bottom)
    for (curve, _), y in zip(named, placed, strict=True):
        shown = fit(curve.label, _LABEL_WIDTH, _LABEL_SIZE, bold="strong" in curve.label_look)
        canvas.text((axis.right + 8, y + 4), shown, curve.label_look, tip=curve.label)
    return panel.bottom


def _draw(canvas: Canvas, axis: TimeAxis, scale: Scale, curve: Curve) -> None:
    for piece, until_s in _pieces(curve.readings, axis.duration_s):
        corners: list[Point] = []
        for at, (start_s, low, high) in enumerate(piece):
            end_s = piece[at + 1][0] if at + 1 < len(piece) else until_s
            left = axis.x(start_s)
            corners += [(left, scale.y(low)), (left, scale.y(high)), (axis.x(end_s), scale.y(high))]
        line = thin(corners)
        if curve.filled:
            line = [(line[0][0], scale.bottom), *line, (line[-1][0], scale.bottom)]
        canvas.path(line, curve.look, closed=curve.filled)


def _pieces(readings: Sequence[Reading], end_s: float) -> list[tuple[list[tuple[float, float, float]], float]]:
    """Return the unbroken pieces, each with the time at which it ends."""
    pieces: list[tuple[list[tuple[float, float, float]], float]] = []
    piece: list[tuple[float, float, float]] = []
    for reading in readings:
        if reading is not None:
            piece.append(reading)
        elif piece:
            pieces.append((piece, piece[-1][0]))
            piece = []
    return [*pieces, (piece, end_s)] if piece else pieces


def _last(curve: Curve) -> float:
    return next((reading[2] for reading in reversed(curve.readings) if reading is not None), 0.0)

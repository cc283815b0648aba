"""How a cost grows, as a picture: both axes logarithmic, so that a power of the size is a straight line."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from detnet_lab.report.chart.canvas import Canvas, Point, spread
from detnet_lab.report.output_files import render_png, standalone_svg, write_whole

_WIDTH, _HEIGHT = 900.0, 520.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 80.0, 230.0, 70.0, 60.0


@dataclass(frozen=True, slots=True)
class Series:
    """One curve: its points (size, cost), its name, and its looks as classes of the style sheet."""

    name: str
    points: Sequence[Point]
    look: str
    label_look: str = "note"


@dataclass(frozen=True, slots=True)
class Goal:
    """The cost that a size should stay below."""

    name: str
    size: float
    cost: float


@dataclass(frozen=True, slots=True)
class Growth:
    """A picture's data: what is on which axis, the curves and the goals."""

    title: str
    across: str
    up: str
    series: Sequence[Series]
    goals: Sequence[Goal] = ()

    def write(self, path: Path) -> None:
        """Write the picture as ``<path>.svg`` and ``<path>.png``.

        Raises:
            UserError: a file cannot be written, or no font is installed.
        """
        drawn = _draw(self)
        write_whole(path.with_suffix(".svg"), standalone_svg(drawn))
        write_whole(path.with_suffix(".png"), render_png(drawn))


@dataclass(frozen=True, slots=True)
class _Axis:
    """Powers of ten to pixels."""

    start: float
    end: float
    low: int
    high: int

    @classmethod
    def over(cls, values: Sequence[float], start: float, end: float) -> _Axis:
        low, high = math.floor(math.log10(min(values))), math.ceil(math.log10(max(values)))
        return cls(start, end, low, max(high, low + 1))

    def at(self, value: float) -> float:
        share = (math.log10(value) - self.low) / (self.high - self.low)
        return self.start + share * (self.end - self.start)

    def ticks(self) -> list[float]:
        return [10.0**power for power in range(self.low, self.high + 1)]


def _draw(growth: Growth) -> str:
    canvas = Canvas(_WIDTH, growth.title)
    points = [point for series in growth.series for point in series.points]
    right, bottom = _WIDTH - _RIGHT, _HEIGHT - _BOTTOM
    across = _Axis.over([size for size, _ in points], _LEFT, right)
    up = _Axis.over([*(cost for _, cost in points), *(goal.cost for goal in growth.goals)], bottom, _TOP)
    canvas.text((24.0, 32.0), growth.title, "name")
    canvas.text((_LEFT, _TOP - 12), growth.up, "strong")
    canvas.text((right, bottom + 42), growth.across, "strong", anchor="end")
    for value in up.ticks():
        canvas.line((_LEFT, up.at(value)), (right, up.at(value)), "grid")
        canvas.text((_LEFT - 8, up.at(value) + 4), f"{value:g}", "small", anchor="end")
    for value in across.ticks():
        canvas.line((across.at(value), _TOP), (across.at(value), bottom), "grid")
        canvas.text((across.at(value), bottom + 18), f"{value:,.0f}", "small", anchor="middle")
    for series in growth.series:
        drawn = [(across.at(size), up.at(cost)) for size, cost in series.points]
        canvas.path(drawn, series.look)
        for (x, y), (size, cost) in zip(drawn, series.points, strict=True):
            canvas.circle((x, y), 3.5, series.label_look, tip=f"{series.name}, {size:g}: {cost:.3g}")
    placed = spread([up.at(series.points[-1][1]) for series in growth.series], 16.0, _TOP, bottom)
    for series, y in zip(growth.series, placed, strict=True):
        canvas.text((right + 14, y + 4), series.name, series.label_look)
    for goal in growth.goals:
        x, y = across.at(goal.size), up.at(goal.cost)
        canvas.line((x - 34, y), (x + 10, y), "objective")
        canvas.text((x - 38, y + 4), goal.name, "bad strong", anchor="end")
    return canvas.svg(_HEIGHT)

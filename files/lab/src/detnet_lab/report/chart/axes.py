"""The common time axis and the two kinds of vertical scale."""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import groupby

from detnet_lab.report.chart.canvas import Canvas, Point
from detnet_lab.report.judge import Window
from detnet_lab.report.run_record import Phase

WIDTH = 1200.0
"""Of a picture with stacked panels, in pixels."""
PANEL_GAP = 34.0
_LEFT, _RIGHT = 70.0, 180.0
_TIME_STEPS_S = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 1800, 3600)
_MOST_TIME_LABELS = 14


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Seconds to pixels, the same for every panel."""

    left: float
    width: float
    duration_s: float

    @property
    def right(self) -> float:
        """The pixel at which the run ends."""
        return self.left + self.width

    def x(self, at_s: float) -> float:
        """Return the pixel of a moment, kept inside the axis."""
        return self.left + self.width * min(max(at_s / self.duration_s, 0.0), 1.0)

    def ticks_s(self) -> range:
        """Return the moments that get a label."""
        step = next((s for s in _TIME_STEPS_S if self.duration_s / s <= _MOST_TIME_LABELS), _TIME_STEPS_S[-1])
        return range(0, int(self.duration_s) + 1, step)


def time_axis(duration_s: float) -> TimeAxis:
    """Return the axis of a picture of ``WIDTH``, with room for the scales on its left and for names on its right."""
    return TimeAxis(_LEFT, WIDTH - _LEFT - _RIGHT, duration_s)


@dataclass(frozen=True, slots=True)
class Scale:
    """Values to pixels between ``top`` and ``bottom``; ``bend`` > 0 makes it logarithmic above that.

    The inverse hyperbolic sine shows 0.1 and 50 ms on one axis and, unlike a logarithm, has a zero.
    """

    top: float
    bottom: float
    highest: float
    bend: float = 0.0

    def y(self, value: float) -> float:
        """Return the pixel of a value, clipped to the panel."""
        ratio = self._bent(min(max(value, 0.0), self.highest)) / self._bent(self.highest)
        return self.bottom - ratio * (self.bottom - self.top)

    def ticks(self, least_gap: float = 24.0) -> list[float]:
        """Return round values from 0 up (1, 2, 5 times a power of ten) at least ``least_gap`` pixels apart."""
        if not self.bend:
            steps = (m * 10.0**e for e in range(-3, 12) for m in (1, 2, 5))
            step = next(s for s in steps if s / self.highest * (self.bottom - self.top) >= least_gap)
            return [n * step for n in range(int(self.highest / step + 1e-9) + 1)]
        kept = [0.0]
        for value in (m * 10.0**e for e in range(-3, 6) for m in (1, 2, 5)):
            if value <= self.highest * (1 + 1e-9) and self.y(kept[-1]) - self.y(value) >= least_gap:
                kept.append(value)
        return kept

    def _bent(self, value: float) -> float:
        return math.asinh(value / self.bend) if self.bend else value


@dataclass(frozen=True, slots=True)
class Panel:
    """Where a panel stands and how: ``highest`` fixes its scale, ``labelled`` names its lines."""

    top: float
    height: float
    title: str
    labelled: bool = True
    highest: float | None = None

    @property
    def bottom(self) -> float:
        """The pixel of its zero line."""
        return self.top + self.height


def draw_ground(canvas: Canvas, axis: TimeAxis, phases: tuple[Phase, ...], top: float, bottom: float) -> None:
    """Draw what lies behind a panel: every second phase tinted, a line where one begins."""
    for index, phase in enumerate(phases):
        start, end = axis.x(phase.start_s), axis.x(phase.end_s)
        if index % 2:
            canvas.rect((start, top), (end - start, bottom - top), "band")
        if index:
            canvas.line((start, top), (start, bottom), "edge")


def draw_windows(canvas: Canvas, axis: TimeAxis, timeline: tuple[Window, ...], panel: Panel) -> None:
    """Shade violating and invalidated windows, neighbours of one kind as one box."""
    for look, row in groupby(timeline, key=_look):
        if not look:
            continue
        for start_s, end_s in joined_seconds(window.start_s for window in row):
            x = axis.x(start_s)
            what = "objective violated" if look == "shade" else "left out: the measuring host was late"
            tip = f"{start_s} to {end_s} s: {what}"
            canvas.rect((x, panel.top), (axis.x(end_s) - x, panel.height), look, tip=tip)


def _look(window: Window) -> str:
    return "invalidate" if window.invalidated else "shade" if window.violates else ""


def joined_seconds(starts_s: Iterable[int]) -> list[tuple[int, int]]:
    """Return spans of neighbouring seconds; a second in which nothing was sent is no window and parts them."""
    spans: list[tuple[int, int]] = []
    for start_s in starts_s:
        if spans and spans[-1][1] == start_s:
            spans[-1] = (spans[-1][0], start_s + 1)
        else:
            spans.append((start_s, start_s + 1))
    return spans


def draw_scale(canvas: Canvas, axis: TimeAxis, scale: Scale, title: str) -> None:
    """Draw a panel's title, grid lines and values."""
    canvas.text((axis.left, scale.top - 8), title, "strong")
    for value in scale.ticks():
        y = scale.y(value)
        canvas.line((axis.left, y), (axis.right, y), "grid")
        canvas.text((axis.left - 8, y + 4), f"{value:g}", "small", anchor="end")


def draw_time(canvas: Canvas, axis: TimeAxis, top: float) -> float:
    """Draw the labels of the time axis under the last panel and return where they end."""
    canvas.line((axis.left, top), (axis.right, top), "frame")
    for at_s in axis.ticks_s():
        start: Point = (axis.x(at_s), top)
        canvas.line(start, (start[0], top + 5), "frame")
        canvas.text((start[0], top + 18), f"{at_s} s" if at_s == 0 else f"{at_s}", "small", anchor="middle")
    return top + 26

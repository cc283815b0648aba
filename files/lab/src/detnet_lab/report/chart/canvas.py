"""A drawing surface that knows SVG and text widths, and nothing about runs."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

_NOT_XML = re.compile("[^\t\n -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
_WIDTH_OF_SIZE = 0.62  # DejaVu Sans, the widest of the fonts named in style.py, averages 0.59 em on our texts
_WIDTH_OF_BOLD = 0.69
_HEADLINE_SIZE = 25.0
MARGIN = 24.0

Point = tuple[float, float]


def text_width(text: str, size: float, *, bold: bool = False) -> float:
    """Return an upper estimate of a text's width in the unit of ``size``."""
    return len(text) * size * (_WIDTH_OF_BOLD if bold else _WIDTH_OF_SIZE)


def fit(text: str, width: float, size: float, *, bold: bool = False) -> str:
    """Return the text, shortened with an ellipsis to fit ``width``; empty when not even three letters fit."""
    letters = int(width / text_width("m", size, bold=bold))
    if len(text) <= letters:
        return text
    return f"{text[: letters - 1].rstrip()}…" if letters > 3 else ""


def wrap(text: str, width: float, size: float, *, bold: bool = False) -> list[str]:
    """Return the text broken at spaces into lines that fit ``width``."""
    lines = [""]
    for word in text.split():
        longer = f"{lines[-1]} {word}".strip()
        if lines[-1] and text_width(longer, size, bold=bold) > width:
            lines.append(word)
        else:
            lines[-1] = longer
    return lines


def spread(wanted: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Return positions near the wanted ones, ``gap`` apart (less if they are many), in ``[top, bottom]``."""
    gap = min(gap, (bottom - top) / max(1, len(wanted) - 1))
    order = sorted(range(len(wanted)), key=lambda index: wanted[index])
    placed = [0.0] * len(wanted)
    at = top - gap
    for index in order:
        at = placed[index] = max(wanted[index], at + gap)
    at = bottom + gap
    for index in reversed(order):
        at = placed[index] = min(placed[index], at - gap)
    return placed


def thin(points: Iterable[Point]) -> list[Point]:
    """Keep the first, lowest, highest and last point of each pixel column: it looks the same and stays small."""
    columns: dict[int, list[Point]] = {}
    for point in points:
        columns.setdefault(int(point[0]), []).append(point)
    kept: list[Point] = []
    for column in columns.values():
        marks = {0, len(column) - 1}
        for extreme in (min, max):
            marks.add(extreme(range(len(column)), key=lambda index: column[index][1]))
        kept += [column[index] for index in sorted(marks)]
    return kept


def steps(points: Sequence[Point], end: float) -> list[Point]:
    """Return the corners of a step line that holds each value until the next point, and the last until ``end``."""
    corners: list[Point] = []
    before = [point for point in points if point[0] < end]
    for at, point in enumerate(before):
        until = before[at + 1][0] if at + 1 < len(before) else end
        corners += [point, (until, point[1])]
    return corners


class Canvas:
    """An SVG under construction; looks are classes, so that one style sheet serves light, dark and print."""

    def __init__(self, width: float, title: str) -> None:
        self.width = width
        self._root = ET.Element("svg", {"xmlns": "http://www.w3.org/2000/svg", "class": "chart", "role": "img"})
        ET.SubElement(self._root, "title").text = clean(title)

    def rect(self, corner: Point, size: Point, look: str, *, tip: str = "") -> None:
        """Draw a rectangle; ``tip`` is shown when the pointer rests on it."""
        width, height = max(size[0], 0.0), max(size[1], 0.0)
        box = self._add("rect", look, x=corner[0], y=corner[1], width=width, height=height)
        if tip:
            ET.SubElement(box, "title").text = clean(tip)

    def line(self, start: Point, end: Point, look: str) -> None:
        """Draw a straight line."""
        self._add("line", look, x1=start[0], y1=start[1], x2=end[0], y2=end[1])

    def path(self, points: Sequence[Point], look: str, *, closed: bool = False) -> None:
        """Draw a polyline; a single point becomes a dot under round caps."""
        if points:
            corners = points if len(points) > 1 else [*points, *points]
            drawn = "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in corners) + ("Z" if closed else "")
            ET.SubElement(self._root, "path", {"d": drawn, "class": look})

    def ticks(self, xs: Iterable[float], top: float, height: float, look: str) -> None:
        """Draw short vertical marks, one per pixel column at most."""
        columns = sorted({int(x) for x in xs})
        if columns:
            drawn = "".join(f"M{x + 0.5:.1f} {top:.1f}v{height:.1f}" for x in columns)
            ET.SubElement(self._root, "path", {"d": drawn, "class": look})

    def circle(self, centre: Point, radius: float, look: str, *, tip: str = "") -> None:
        """Draw a dot; ``tip`` is shown when the pointer rests on it."""
        dot = self._add("circle", look, cx=centre[0], cy=centre[1], r=radius)
        if tip:
            ET.SubElement(dot, "title").text = clean(tip)

    def text(  # noqa: PLR0913 - each is what SVG needs to know
        self, at: Point, text: str, look: str = "", *, anchor: str = "start", tip: str = "", turn: float = 0.0
    ) -> None:
        """Write one line; ``at`` is on its baseline, around which it is turned by ``turn`` degrees clockwise."""
        if text:
            element = self._add("text", look, x=at[0], y=at[1])
            element.set("text-anchor", anchor)
            if turn:
                element.set("transform", f"rotate({turn:g} {at[0]:.1f} {at[1]:.1f})")
            element.text = clean(text)
            if tip:
                ET.SubElement(element, "title").text = clean(tip)

    def headline(self, text: str, top: float) -> float:
        """Write a sentence over the whole width, on as many lines as it needs, and return the last baseline."""
        for line in wrap(text, self.width - 2 * MARGIN, _HEADLINE_SIZE, bold=True):
            top += _HEADLINE_SIZE * 1.3
            self.text((MARGIN, top), line, "headline")
        return top

    def svg(self, height: float) -> str:
        """Return the finished document."""
        self._root.set("viewBox", f"0 0 {self.width:g} {height:g}")
        self._root.set("width", f"{self.width:g}")
        self._root.set("height", f"{height:g}")
        return ET.tostring(self._root, encoding="unicode")

    def _add(self, tag: str, look: str, **numbers: float) -> ET.Element:
        attributes = {name: f"{value:.1f}" for name, value in numbers.items()}
        return ET.SubElement(self._root, tag, {**attributes, "class": look})


def clean(text: str) -> str:
    """Replace what XML cannot hold: one such character in a title would make the whole picture unreadable."""
    return _NOT_XML.sub("\N{REPLACEMENT CHARACTER}", text)

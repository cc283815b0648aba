"""The comparison as a picture: violations against goodput, each policy named at its point, and a map of scenarios."""

from __future__ import annotations

from collections.abc import Mapping

from detnet_lab.report.chart.axes import Scale
from detnet_lab.report.chart.canvas import Canvas, Point, fit, text_width
from detnet_lab.report.compare.batch_summary import BatchSummary
from detnet_lab.report.compare.comparison_tables import headline, percent

_WIDTH, _LEFT, _RIGHT = 1200.0, 90.0, 24.0
_SCATTER_HEIGHT = 420.0
_BEND = 0.01
_NAME_WIDTH = 150.0
_CELL_HEIGHT = 20.0
_HEATS = ((0.0, ""), (0.01, "heat1"), (0.05, "heat2"), (0.15, "heat3"), (float("inf"), "heat4"))

KEY = "blue: {}, orange: versions of the v1 controller, grey: other policies"
"""What the colours mean."""

Box = tuple[float, float, float, float]
"""Left, top, right, bottom."""


def picture(batch: BatchSummary, *, heading: bool) -> str:
    """Return the comparison as SVG; ``heading`` puts the sentence on top."""
    canvas = Canvas(_WIDTH, headline(batch))
    y = canvas.headline(headline(batch), 6.0) if heading else 6.0
    y = _draw_scatter(canvas, batch, y + 34.0)
    return canvas.svg(_draw_map(canvas, batch, y + 40.0) + 10.0)


def _draw_scatter(canvas: Canvas, batch: BatchSummary, top: float) -> float:
    totals = batch.totals()
    right, bottom = _WIDTH - _RIGHT, top + _SCATTER_HEIGHT
    across = Scale(0.0, right - _LEFT, max(0.02, *(t.violation.high for t in totals)) * 1.06, bend=_BEND)
    up = Scale(top, bottom, max(1.05, *(t.goodput.high for t in totals)))
    canvas.text((_LEFT, top - 10), "Goodput in clean seconds, of the oracle's (%): higher is better", "strong")
    for value in up.ticks(36.0):
        canvas.line((_LEFT, up.y(value)), (right, up.y(value)), "grid")
        canvas.text((_LEFT - 8, up.y(value) + 4), f"{100 * value:.0f}", "small", anchor="end")
    for value in across.ticks(40.0):
        x = right - across.y(value)
        canvas.line((x, top), (x, bottom), "grid")
        canvas.text((x, bottom + 16), f"{100 * value:g}", "small", anchor="middle")
    canvas.text((right, top - 10), KEY.format(batch.reference), "small", anchor="end")
    canvas.line((_LEFT, up.y(1.0)), (right, up.y(1.0)), "available")
    canvas.text((right, up.y(1.0) - 5), "the oracle", "small", anchor="end")
    title = "Violating seconds (%), mean over all scenarios: further left is better; bars are 95 % intervals"
    canvas.text((_LEFT, bottom + 36), title, "strong")
    points = {total.name: (right - across.y(total.violation.mean), up.y(total.goodput.mean)) for total in totals}
    taken: list[Box] = []
    for total in totals:
        x, y = points[total.name]
        low, high = right - across.y(total.violation.low), right - across.y(total.violation.high)
        canvas.line((low, y), (high, y), "range")
        canvas.line((x, up.y(total.goodput.low)), (x, up.y(total.goodput.high)), "range")
        taken += [(low, y - 2, high, y + 2), (x - 6, y - 6, x + 6, y + 6)]
    _draw_points(canvas, batch, points, taken, (_LEFT, top, right, bottom))
    return bottom + 40.0


def _draw_points(
    canvas: Canvas, batch: BatchSummary, points: Mapping[str, Point], taken: list[Box], inside: Box
) -> None:
    """Draw each policy with its name where there is room."""
    for total in batch.totals():
        is_reference = total.name == batch.reference
        x, y = points[total.name]
        look = _colour(total.name, batch.reference)
        tip = f"{total.name}: {percent(total.violation.mean)} violating, {percent(total.goodput.mean)} of the oracle"
        canvas.circle((x, y), 6.5 if is_reference else 4.5, look, tip=tip)
        box = _place(x, y, text_width(total.name, 12, bold=is_reference), taken, inside)
        taken.append(box)
        below = (box[1] + box[3]) / 2 > y
        if not box[1] - 9 <= y <= box[3] + 9:
            canvas.line((x, y), (min(max(x, box[0]), box[2]), box[1] if below else box[3]), "range")
        canvas.text((box[0] + 2, box[3] - 3), total.name, f"{look} strong" if is_reference else look, tip=tip)


def _colour(name: str, reference: str) -> str:
    return "cool" if name == reference else "bad" if is_documents(name) else "plain"


def _place(x: float, y: float, width: float, taken: list[Box], inside: Box) -> Box:
    """Return the nearest free place for a name beside its point; over another one only when there is none."""
    offsets = [(9.0, -7.0), (-width - 13.0, -7.0), (-width / 2, -24.0), (-width / 2, 9.0)]
    for step in range(1, 12):
        for sign in (-1, 1):
            offsets += [(9.0, -7.0 + sign * 14.0 * step), (-width - 13.0, -7.0 + sign * 14.0 * step)]
    boxes = [(x + dx, y + dy, x + dx + width + 4, y + dy + 14) for dx, dy in offsets]
    fitting = [b for b in boxes if b[0] >= inside[0] and b[2] <= inside[2] and b[1] >= inside[1] and b[3] <= inside[3]]
    free = (b for b in fitting if not any(_overlap(b, other) for other in taken))
    return next(free, (fitting or boxes)[0])


def _overlap(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _draw_map(canvas: Canvas, batch: BatchSummary, top: float) -> float:
    """Draw the violating seconds of each policy (column, best first) in each scenario (row, worst last)."""
    names = [total.name for total in batch.totals()]
    width = (_WIDTH - 24.0 - _NAME_WIDTH - _RIGHT - 40.0) / len(names)
    canvas.text(
        (24.0, top), "Violating seconds (%) of each policy in each scenario, the best policy on the left", "strong"
    )
    y = top + 100.0
    for at, name in enumerate(names):
        look = f"{_colour(name, batch.reference)} strong" if name == batch.reference else _colour(name, batch.reference)
        canvas.text((24.0 + _NAME_WIDTH + (at + 0.5) * width + 2, y - 6), name, look, turn=-50.0)
    for scenario in batch.scenarios:
        canvas.text((24.0 + _NAME_WIDTH - 8, y + 14), fit(scenario, _NAME_WIDTH - 10, 11), "small", anchor="end")
        for at, name in enumerate(names):
            ratio = batch.policies[name].scenarios[scenario].violation_ratio.mean
            x = 24.0 + _NAME_WIDTH + at * width
            tip = f"{name}, {scenario}: {percent(ratio)}"
            canvas.rect((x + 1, y + 1), (width - 2, _CELL_HEIGHT - 2), heat(ratio) or "band", tip=tip)
            shown = f"{100 * ratio:.1f}" if 0 < ratio < 0.0995 else f"{100 * ratio:.0f}"
            canvas.text((x + width / 2, y + 14), shown, "" if ratio else "small", anchor="middle")
        y += _CELL_HEIGHT
    return y


def heat(ratio: float) -> str:
    """Return the class that tints a cell: the darker, the more seconds violate."""
    return next(look for most, look in _HEATS if ratio <= most)


def is_documents(name: str) -> bool:
    """Tell whether a policy is one that the v1 controller published."""
    return name[:1] == "v" and name[1:2].isdigit()

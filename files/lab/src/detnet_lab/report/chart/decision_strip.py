"""The decision strip: one lane per kind of decision, so that position tells what colour alone should not."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence

from detnet.control.decision import Action, Mode
from detnet_lab.report.chart.axes import TimeAxis, draw_ground
from detnet_lab.report.chart.canvas import Canvas
from detnet_lab.report.run_record import Decision, Run

_LANE_HEIGHT = 16.0
_LOOKS = {
    Action.RAISE.value: "up",
    Action.HOLD.value: "still",
    Action.TRIM.value: "down",
    Action.CUT.value: "down",
    Action.DECAY.value: "down",
    Mode.BLIND.value: "unsure",
}


def lane(decision: Decision) -> str:
    """Return the kind of a decision: its mode when it was made without a usable signal, else its action."""
    return decision.mode if decision.mode == Mode.BLIND.value else decision.action


def draw_decisions(canvas: Canvas, axis: TimeAxis, run: Run, top: float) -> float:
    """Draw the decisions of a run and return the strip's bottom."""
    at_s: dict[str, list[float]] = defaultdict(list)
    for decision in run.decisions:
        at_s[lane(decision)].append(decision.at_s)
    draw_ground(canvas, axis, run.phases, top, top + _LANE_HEIGHT * max(1, len(at_s)))
    beside = {kind: times(len(moments)) for kind, moments in at_s.items()}
    return draw_lanes(canvas, axis, at_s, beside, top)


def draw_lanes(
    canvas: Canvas, axis: TimeAxis, at_s: Mapping[str, Sequence[float]], beside: Mapping[str, str], top: float
) -> float:
    """Draw one lane for each kind that occurs and return the strip's bottom; ``beside`` says how much of it was."""
    lanes = [kind for kind in _LOOKS if kind in at_s] + sorted(set(at_s) - set(_LOOKS))
    canvas.text((axis.left, top - 8), "Decisions" if lanes else "Decisions: none was made", "strong")
    for index, kind in enumerate(lanes):
        y = top + index * _LANE_HEIGHT
        canvas.line((axis.left, y + _LANE_HEIGHT), (axis.right, y + _LANE_HEIGHT), "grid")
        canvas.text((axis.left - 8, y + 12), kind, "small", anchor="end")
        canvas.ticks(map(axis.x, at_s[kind]), y + 2, _LANE_HEIGHT - 4, _LOOKS.get(kind, "still"))
        canvas.text((axis.right + 8, y + 12), beside[kind], "small")
    return top + _LANE_HEIGHT * max(1, len(lanes))


def times(count: int) -> str:
    """Return how often something happened, in words."""
    return "once" if count == 1 else f"{count} times"

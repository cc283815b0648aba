"""Step series of a run: a value holds until the next point."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence

Points = Sequence[tuple[float, float]]


def step_mean(points: Points, start_s: float, end_s: float) -> float:
    """Return the time-weighted mean of a step series over ``[start_s, end_s)``.

    The first value also holds before its own time: a measured rate is recorded at the end of the interval it covers.

    Args:
        points: (time in s, value), ascending in time and not empty.
        start_s: begin of the span.
        end_s: end of the span, after its begin.
    """
    at = max(0, bisect_right(points, start_s, key=lambda point: point[0]) - 1)
    total, since_s = 0.0, start_s
    while since_s < end_s:
        until_s = min(end_s, points[at + 1][0]) if at + 1 < len(points) else end_s
        total += points[at][1] * (until_s - since_s)
        since_s, at = until_s, at + 1
    return total / (end_s - start_s)


def step_sum(series: Sequence[Sequence[tuple[float, float | None]]]) -> list[tuple[float, float | None]]:
    """Add step series: a point at each time one of them changes; ``None`` (no value) in any makes the sum ``None``."""
    changes = sorted((at_s, index, value) for index, points in enumerate(series) for at_s, value in points)
    held: list[float | None] = [None] * len(series)
    total: dict[float, float | None] = {}
    for at_s, index, value in changes:
        held[index] = value
        known = [part for part in held if part is not None]
        total[at_s] = sum(known) if len(known) == len(held) else None
    return list(total.items())

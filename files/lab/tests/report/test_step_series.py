"""Step series."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet_lab.report.step_series import step_mean, step_sum

VALUES = st.floats(0, 1e9)
POINTS = st.lists(st.tuples(st.floats(0, 100), VALUES), min_size=1, max_size=20).map(sorted)


@given(POINTS, st.floats(0, 50), st.floats(0.1, 50))
def test_a_step_mean_lies_between_the_lowest_and_highest_value(
    points: list[tuple[float, float]], start_s: float, span_s: float
) -> None:
    """Also before the first point and after the last."""
    mean = step_mean(points, start_s, start_s + span_s)
    assert min(v for _, v in points) * (1 - 1e-9) - 1e-6 <= mean <= max(v for _, v in points) * (1 + 1e-9) + 1e-6


@given(POINTS, st.floats(0, 50), st.floats(1, 20), st.floats(1, 20))
def test_step_means_of_parts_make_the_mean_of_the_whole(
    points: list[tuple[float, float]], start_s: float, first_s: float, second_s: float
) -> None:
    """Phases add up to the run."""
    middle, end_s = start_s + first_s, start_s + first_s + second_s
    parts = step_mean(points, start_s, middle) * first_s + step_mean(points, middle, end_s) * second_s
    assert step_mean(points, start_s, end_s) * (first_s + second_s) == pytest.approx(parts, rel=1e-6, abs=1e-3)


def test_a_step_mean_is_weighted_by_time_and_not_by_points() -> None:
    """Ten readings in the last second weigh as much as that second."""
    points = [(0.0, 10.0), *[(9.0 + n / 10, 110.0) for n in range(10)]]
    assert step_mean(points, 0.0, 10.0) == pytest.approx(20.0)


def test_a_sum_of_steps_has_no_value_while_a_part_has_none() -> None:
    """A target without a cap makes the sum of caps unlimited."""
    total = step_sum([[(0.0, 1.0), (2.0, None), (3.0, 5.0)], [(1.0, 10.0)]])
    assert total == [(0.0, None), (1.0, 11.0), (2.0, None), (3.0, 15.0)]

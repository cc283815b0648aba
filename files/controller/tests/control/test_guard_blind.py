"""A blind budget: hold, then decay towards the safe budget, then stay at or below it; never more than before."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import GUARD, MBPS

budgets = st.integers(GUARD.minimum_bps, GUARD.maximum_bps)


def decayed(budget_bps: float, pass_times_s: list[float]) -> float:
    """Return the budget after passes at these ages of the newest evidence."""
    last_s = 0.0
    for age_s in pass_times_s:
        budget_bps = GUARD.blind_limit(budget_bps, age_s, age_s - last_s)
        last_s = age_s
    return budget_bps


@given(budgets, st.floats(0.0, 1e9), st.floats(0.0, 1e9))
def test_blindness_never_increases_a_budget(budget: int, age_s: float, elapsed_s: float) -> None:
    """Nor does it take more than down to the safe budget."""
    limit_bps = GUARD.blind_limit(budget, age_s, elapsed_s)
    assert min(budget, GUARD.safe_bps) <= limit_bps <= budget


@given(budgets, st.floats(0.0, GUARD.decay_after_s), st.floats(0.0, 1e6))
def test_a_short_gap_holds(budget: int, age_s: float, elapsed_s: float) -> None:
    """A few missing packets are no reason to move."""
    assert GUARD.blind_limit(budget, age_s, elapsed_s) == budget


@given(st.floats(3.1, 60.0), st.lists(st.floats(0.0, 60.0), max_size=60))
def test_the_decay_does_not_depend_on_the_number_of_passes(end_s: float, cuts: list[float]) -> None:
    """One late pass or sixty: the same age leaves the same budget."""
    times = [*sorted(at_s for at_s in cuts if at_s < end_s), end_s]
    assert decayed(1000 * MBPS, times) == pytest.approx(decayed(1000 * MBPS, [end_s]), rel=1e-9)


@pytest.mark.parametrize(
    ("age_s", "left_mbps"),
    [
        (2.9, 1000.0),
        (3.0, 1000.0),
        (13.0, 100 + 900 / math.e),
        (23.0, 100 + 900 / math.e**2),
        (30.0, 100.0),
        (1e9, 100.0),
    ],
)
def test_the_documented_course(age_s: float, left_mbps: float) -> None:
    """Hold for 3 s, e-fold in 10 s towards 100 Mbit/s, there from 30 s on."""
    assert decayed(1000 * MBPS, [age_s]) == pytest.approx(left_mbps * MBPS)


def test_the_decay_comes_close_to_the_safe_budget_before_it_is_forced() -> None:
    """The last step to the safe budget is a small one: 7 % of the way."""
    assert decayed(1000 * MBPS, [29.999]) == pytest.approx((100 + 900 * math.exp(-2.7)) * MBPS, rel=1e-3)


@given(st.integers(GUARD.minimum_bps, GUARD.safe_bps), st.floats(0.0, 1e6))
def test_a_budget_below_the_safe_one_stays(budget: int, age_s: float) -> None:
    """Safe is an upper bound while blind, not a target to climb to."""
    assert GUARD.blind_limit(budget, age_s, 1.0) == budget

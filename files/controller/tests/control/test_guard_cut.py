"""How far a breach cuts: from what best effort really sends, if it can be the cause, and deeper each time."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import GUARD, MBPS

numbers = st.one_of(st.none(), st.floats(), st.floats(0.0, 1e10))


@given(st.integers(GUARD.minimum_bps + 1, GUARD.maximum_bps), st.integers(0, 99), numbers, numbers)
def test_a_cut_is_always_below_the_budget(
    budget: int, cuts: int, best_effort: float | None, other: float | None
) -> None:
    """Whatever was counted, NaN and negative numbers included, a breach leaves less than there was."""
    limit_bps = GUARD.cut_limit(budget, cuts, best_effort, other)
    assert limit_bps <= 0.9 * budget
    assert GUARD.bounded(limit_bps) < budget


@pytest.mark.parametrize(("cuts", "left"), [(0, 900), (1, 750), (2, 500), (3, 500), (50, 500)])
def test_each_cut_of_a_breach_is_deeper(cuts: int, left: int) -> None:
    """-10 %, -25 %, then half at a time."""
    assert GUARD.cut_limit(1000 * MBPS, cuts, None, None) == left * MBPS


def test_a_cap_that_does_not_bind_is_cut_from_the_real_rate() -> None:
    """1000 Mbit/s allowed, 80 sent: cutting to 900 would change nothing."""
    assert GUARD.cut_limit(1000 * MBPS, 0, 80.0 * MBPS, 20.0 * MBPS) == 72 * MBPS
    assert GUARD.cut_limit(1000 * MBPS, 0, 80.0 * MBPS, None) == 72 * MBPS


def test_more_sent_than_allowed_is_cut_from_the_cap() -> None:
    """A meter that reads high (a burst, headers) must not soften the cut."""
    assert GUARD.cut_limit(100 * MBPS, 0, 400.0 * MBPS, 0.0) == 90 * MBPS


@pytest.mark.parametrize(
    ("best_effort", "other"), [(0.0, 0.0), (0.0, None), (0.0, 1e9), (19.9e6, 80.1e6), (20e6, 80e6)]
)
def test_best_effort_that_can_hardly_be_the_cause_is_not_thrown_down(best_effort: float, other: float | None) -> None:
    """With up to a fifth of the traffic the cut starts from the budget: a slow server is no reason for starvation."""
    assert GUARD.cut_limit(1000 * MBPS, 0, best_effort, other) == 900 * MBPS


def test_more_than_a_fifth_of_the_traffic_is_a_cause() -> None:
    """Just above the share the real rate counts."""
    assert GUARD.cut_limit(1000 * MBPS, 0, 20.1e6, 80e6) == pytest.approx(0.9 * 20.1e6)


def test_a_tiny_rate_counts_as_the_minimum() -> None:
    """The reference never falls below what every target is owed."""
    assert GUARD.cut_limit(1000 * MBPS, 0, 2.0 * MBPS, 1.0) == 0.9 * GUARD.minimum_bps
    assert GUARD.cut_limit(1000 * MBPS, 0, math.inf, 1.0) == 900 * MBPS

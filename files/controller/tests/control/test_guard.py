"""The guard: how far a breach cuts, how a blind budget falls, and which settings would make a rule void."""

from __future__ import annotations

import dataclasses
import math
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import GUARD, MBPS
from detnet.control.guard import Guard
from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate

budgets = st.integers(GUARD.minimum_bps, GUARD.maximum_bps)
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
def test_best_effort_that_can_hardly_be_the_cause_is_cut_from_its_budget(
    best_effort: float, other: float | None
) -> None:
    """With up to a fifth of the traffic the cut starts from the budget: a slow server is no reason for starvation."""
    assert GUARD.cut_limit(1000 * MBPS, 0, best_effort, other) == 900 * MBPS


def test_more_than_a_fifth_of_the_traffic_is_a_cause() -> None:
    """Just above the share the real rate counts."""
    assert GUARD.cut_limit(1000 * MBPS, 0, 20.1e6, 80e6) == pytest.approx(0.9 * 20.1e6)


def test_a_tiny_rate_counts_as_the_minimum() -> None:
    """The reference never falls below what every target is owed."""
    assert GUARD.cut_limit(1000 * MBPS, 0, 2.0 * MBPS, 1.0) == 0.9 * GUARD.minimum_bps
    assert GUARD.cut_limit(1000 * MBPS, 0, math.inf, 1.0) == 900 * MBPS


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


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        *[("minimum_bps", value) for value in (0, -1, FLOOR_BPS - 1, 101 * MBPS, math.nan)],
        *[("safe_bps", value) for value in (9 * MBPS, 1001 * MBPS, math.nan)],
        *[("maximum_bps", value) for value in (99 * MBPS, CEILING_BPS + 1, math.nan)],
        *[("fresh_for_s", value) for value in (0.0, -1.0, 3.1, math.nan)],
        *[("decay_after_s", value) for value in (1.4, 31.0, math.nan)],
        *[("safe_after_s", value) for value in (2.9, math.inf, math.nan)],
        *[("window_s", value) for value in (0.0, -1.0, math.inf, math.nan)],
        *[("decay_time_constant_s", value) for value in (0.0, -1.0, math.inf, math.nan)],
        *[("least_samples", value) for value in (0, -1)],
        *[(wait, value) for wait in ("settle_s", "cooldown_s", "recovery_s") for value in (-0.1, math.inf, math.nan)],
        *[(wait, value) for wait in ("raise_every_s", "least_raise_bps") for value in (-1, math.inf, math.nan)],
        *[("raise_ratio", value) for value in (0.0, -0.1, 1.1, math.nan)],
        *[("exonerate_after_s", value) for value in (-0.1, math.inf, math.nan)],
        *[("exonerated_share", value) for value in (-0.1, 1.1, math.nan)],
    ],
)
def test_a_void_setting_is_refused(setting: str, value: float) -> None:
    """Out of order, not positive, infinite, no number, or a budget that could be no cap."""
    changed: dict[str, Any] = {setting: value}
    with pytest.raises(ValueError, match=r"expected|must"):
        dataclasses.replace(GUARD, **changed)


def test_the_edges_are_allowed() -> None:
    """One fixed budget, no grace and no waiting is a harsh guard, but it guards."""
    Guard(FLOOR_BPS, CEILING_BPS, FLOOR_BPS, fresh_for_s=1.0, decay_after_s=1.0, safe_after_s=1.0)
    Guard(MBPS, MBPS, MBPS, settle_s=0, cooldown_s=0, recovery_s=0, raise_every_s=0, raise_ratio=1.0, least_raise_bps=0)


@given(st.one_of(st.floats(), st.integers()))
def test_every_number_is_bounded_to_a_budget_that_can_be_a_cap(wanted_bps: float) -> None:
    """NaN, infinities and 1e300 included; a number inside the bounds loses at most a fraction of a bit."""
    bounded = GUARD.bounded(wanted_bps)
    assert GUARD.minimum_bps <= Rate(bounded).bps <= GUARD.maximum_bps
    if GUARD.minimum_bps <= wanted_bps <= GUARD.maximum_bps:
        assert wanted_bps - 1 < bounded <= wanted_bps
    elif wanted_bps > GUARD.maximum_bps:
        assert bounded == GUARD.maximum_bps
    else:
        assert bounded == GUARD.minimum_bps

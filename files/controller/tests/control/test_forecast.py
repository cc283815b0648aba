"""The forecast of the other traffic: prepared for the rises that come again, not for the one that came once."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from detnet.control.forecast import Forecast, Forecaster

M = 1e6
POLICY = Forecaster()


def _watch(rate_bps: Callable[[float], float], seconds: int, past: Forecast | None = None) -> Forecast:
    """Return the forecast after two readings a second of this rate."""
    known = past or Forecast()
    for half in range(2 * seconds):
        known = POLICY.after(known, rate_bps(half / 2), half / 2)
    return known


def _every(period_s: float, high_bps: float, on_s: float) -> Callable[[float], float]:
    return lambda at_s: high_bps if at_s % period_s >= period_s - on_s else 10 * M


@pytest.mark.parametrize("period_s", [5.0, 20.0, 40.0])
def test_a_rise_that_comes_again_and_again_is_expected(period_s: float) -> None:
    """While the traffic is low the room for it stays free."""
    known = _watch(_every(period_s, 50 * M, 2.0), int(4 * period_s + 3))
    assert known.now_bps == 10 * M
    assert known.most_bps == pytest.approx(50 * M)


def test_nothing_is_expected_above_where_the_traffic_has_been() -> None:
    """At the top of its swing there is nothing to reserve."""
    known = _watch(_every(20.0, 50 * M, 10.0), 80)
    assert known.now_bps == known.most_bps == 50 * M


def test_a_rise_that_came_once_is_let_go() -> None:
    """In two minutes it is a rarity, and the next one is the guard's."""
    known = _watch(lambda at_s: 50 * M if at_s == 30.0 else 10 * M, 300)
    assert known.most_bps == pytest.approx(10 * M)


def test_missed_rises_make_rarer_ones_expected_and_calm_takes_it_back() -> None:
    """Adaptive conformal inference: the uncovered share follows the misses."""
    rare = _watch(lambda at_s: 50 * M if at_s == 30.0 else 10 * M, 300)
    for _ in range(10):
        rare = POLICY.missed(rare, 1.0, covered=False)
    assert rare.most_bps == pytest.approx(50 * M)
    calm = _watch(lambda _: 10 * M, 2 * 300)
    assert rare.uncovered < calm.uncovered == POLICY.most_uncovered


def test_a_miss_counts_for_as_long_as_it_takes_to_answer() -> None:
    """Where a write takes four seconds to work, a missed rise costs more seconds, so fewer of them are let go."""
    known = _watch(lambda _: 10 * M, 60)
    fast, slow = (POLICY.missed(known, cost_s, covered=False).uncovered for cost_s in (1.0, 4.0))
    assert known.uncovered - slow == pytest.approx(4.0 * (known.uncovered - fast))


def test_bursts_between_two_readings_are_reserved_for_in_full() -> None:
    """A burst of 100 Mbit/s for a quarter of a second reads as 55: breaches inside the covered rise tell."""
    known = _watch(_every(5.0, 55 * M, 0.5), 63)
    for _ in range(4):
        known = POLICY.missed(known, 1.0, covered=True)
    assert 100 * M < known.most_bps < 150 * M
    calm = _watch(_every(5.0, 55 * M, 0.5), 1200, replace(known, recent=(), spans=()))
    assert calm.most_bps < 60 * M


def test_a_fall_is_believed_after_a_few_seconds() -> None:
    """The level is a median: one low reading gives nothing away."""
    high = _watch(lambda _: 50 * M, 60)
    once = POLICY.after(high, 10 * M, 60.0)
    assert once.most_bps >= 50 * M
    assert _watch(lambda at_s: 50 * M if at_s < 60.0 else 10 * M, 70).level_bps == 10 * M


@settings(max_examples=50, deadline=None)
@given(st.lists(st.floats(0.0, 1e9), min_size=1, max_size=200))
def test_the_forecast_is_never_below_the_present_and_its_memory_is_bounded(rates: list[float]) -> None:
    """Whatever the traffic does."""
    known = Forecast()
    for half, bps in enumerate(rates):
        known = POLICY.after(known, bps, half * 7.0)
        assert known.most_bps >= bps
        assert len(known.spans) <= POLICY.memory_s / POLICY.span_s + 1

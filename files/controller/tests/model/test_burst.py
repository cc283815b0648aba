"""What a burst costs on the bottleneck, and from which cap on it breaks an objective by itself."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.model.burst import LARGEST_BYTES, burst_sentence, drain_ms, highest_cap_bps

CAPACITIES = st.floats(1e6, 1e12)
LIMITS_MS = st.floats(0.01, 100.0)


def late_share(cap_bps: float, capacity_bps: float, limit_ms: float) -> float:
    """Send a packet at each of 4,000 moments between two bursts; return how many wait longer than the limit."""
    period_ms, drain = LARGEST_BYTES * 8e3 / cap_bps, drain_ms(LARGEST_BYTES, capacity_bps)
    waits_ms = (max(0.0, drain - period_ms * moment / 4_000) for moment in range(4_000))
    return sum(wait_ms > limit_ms for wait_ms in waits_ms) / 4_000


@pytest.mark.parametrize(("capacity_bps", "expected_ms"), [(20e6, 26.2), (100e6, 5.24), (1e9, 0.524)])
def test_64_kb_at_line_rate(capacity_bps: float, expected_ms: float) -> None:
    """As calculated by hand."""
    assert drain_ms(65_536, capacity_bps) == pytest.approx(expected_ms, rel=0.002)


@given(CAPACITIES, LIMITS_MS)
def test_the_highest_cap_makes_one_packet_in_twenty_late(capacity_bps: float, limit_ms: float) -> None:
    """Just above it more than 5 % wait too long, just below it fewer; without one, none does even at line rate."""
    highest_bps = highest_cap_bps(LARGEST_BYTES, capacity_bps, limit_ms)
    if highest_bps is None:
        assert late_share(capacity_bps, capacity_bps, limit_ms) <= 0.0503
        return
    assert highest_bps < capacity_bps
    assert late_share(0.97 * highest_bps, capacity_bps, limit_ms) <= 0.05
    assert late_share(min(1.03 * highest_bps, capacity_bps), capacity_bps, limit_ms) >= 0.05


@given(CAPACITIES, LIMITS_MS, st.floats(1.1, 10.0))
def test_a_faster_link_or_a_looser_objective_allows_more(capacity_bps: float, limit_ms: float, factor: float) -> None:
    """Whoever buys a faster link may raise caps."""
    before = highest_cap_bps(LARGEST_BYTES, capacity_bps, limit_ms)
    for after in (
        highest_cap_bps(LARGEST_BYTES, factor * capacity_bps, limit_ms),
        highest_cap_bps(LARGEST_BYTES, capacity_bps, factor * limit_ms),
    ):
        assert after is None or (before is not None and after > before)


def test_the_sentence_says_what_where_and_how_much() -> None:
    """And is silent where a burst breaks nothing."""
    assert burst_sentence("robot-control", 2.0, 100e6) == (
        "64 KB at 100 Mbit/s are 5.2 ms; the objective of robot-control is 2 ms: no cap above 8.08 Mbit/s can hold it"
    )
    assert burst_sentence("robot-control", 2.0, 1e9) is None


@pytest.mark.parametrize("capacity_bps", [0.0, -1.0, float("nan")])
def test_a_capacity_that_is_none_is_refused(capacity_bps: float) -> None:
    """Nothing drains through it."""
    with pytest.raises(ValueError, match="a capacity is a positive number of bit/s"):
        drain_ms(1, capacity_bps)

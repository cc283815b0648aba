"""Shares are weighted max-min fair: nobody gets more unless somebody with no larger weighted share gets less."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import MBPS
from detnet.control.allocate import GRAIN_BPS, Claim, allocate


@st.composite
def crowds(draw: st.DrawFn) -> tuple[int, list[Claim]]:
    """Draw claims that use all they can get, and a budget that cannot satisfy all of them."""
    drawn = []
    for number in range(draw(st.integers(2, 10))):
        low, high = sorted(draw(st.tuples(*[st.integers(1, 500)] * 2)))
        demand = draw(st.one_of(st.none(), st.floats(0.0, 600.0 * MBPS)))
        drawn.append(Claim(f"claim-{number}", low * MBPS, high * MBPS, draw(st.integers(1, 9)) / 2, demand))
    least, most = sum(claim.minimum_bps for claim in drawn), int(sum(claim.usable_bps for claim in drawn))
    return draw(st.integers(least, most)), drawn


@given(crowds())
def test_a_scarce_budget_is_divided_max_min_fairly(crowd: tuple[int, list[Claim]]) -> None:
    """Whoever could use more has a weighted share no smaller than anybody's who is above the minimum."""
    budget, asked = crowd
    caps = {name: cap.bps for name, cap in allocate(budget, asked).items()}
    wanting = [claim for claim in asked if caps[claim.name] < claim.usable_bps - GRAIN_BPS - 1]
    for hungry in wanting:
        for other in asked:
            if caps[other.name] > other.minimum_bps:
                assert (caps[hungry.name] + GRAIN_BPS + 1) / hungry.weight >= caps[other.name] / other.weight


@given(crowds())
def test_a_scarce_budget_gives_nobody_more_than_it_can_use(crowd: tuple[int, list[Claim]]) -> None:
    """While somebody wants, nothing idles with another."""
    budget, asked = crowd
    caps = allocate(budget, asked)
    assert all(caps[claim.name].bps <= claim.usable_bps + 1 for claim in asked)


@pytest.mark.parametrize(
    ("budget", "claims", "shares"),
    [
        (90, [Claim("a", MBPS, 500 * MBPS), Claim("b", MBPS, 500 * MBPS)], (45, 45)),
        (90, [Claim("a", MBPS, 500 * MBPS, 2.0), Claim("b", MBPS, 500 * MBPS)], (60, 30)),
        (90, [Claim("a", MBPS, 20 * MBPS), Claim("b", MBPS, 500 * MBPS)], (20, 70)),
        (90, [Claim("a", 60 * MBPS, 500 * MBPS), Claim("b", MBPS, 500 * MBPS)], (60, 30)),
        (120, [Claim("a", 50 * MBPS, 500 * MBPS), Claim("b", MBPS, 500 * MBPS)], (60, 60)),
        (90, [Claim("a", MBPS, 500 * MBPS, demand_bps=10e6), Claim("b", MBPS, 500 * MBPS)], (10, 80)),
        (10_000, [Claim("a", MBPS, 500 * MBPS), Claim("b", MBPS, 300 * MBPS, 9.0)], (500, 300)),
    ],
)
def test_worked_examples(budget: int, claims: list[Claim], shares: tuple[int, int]) -> None:
    """Equal, by weight, held by a maximum, raised by a minimum, content with a demand, and more than enough."""
    assert [cap.bps for cap in allocate(budget * MBPS, claims).values()] == [share * MBPS for share in shares]


def test_room_that_nobody_asks_for_is_dealt_out_by_weight() -> None:
    """A sender that wakes up is not held to its past: 30 and 10 asked of 100, the rest 2 to 1."""
    claims = [
        Claim("busy", MBPS, 500 * MBPS, 2.0, demand_bps=30e6),
        Claim("quiet", MBPS, 500 * MBPS, 1.0, demand_bps=10e6),
    ]
    assert [cap.bps for cap in allocate(100 * MBPS, claims).values()] == [70 * MBPS, 30 * MBPS]
    full = [Claim("busy", MBPS, 40 * MBPS, 2.0, demand_bps=30e6), claims[1]]
    assert [cap.bps for cap in allocate(100 * MBPS, full).values()] == [40 * MBPS, 60 * MBPS]
    idle = [Claim("busy", MBPS, 500 * MBPS, demand_bps=0.0), Claim("quiet", MBPS, 500 * MBPS, demand_bps=float("nan"))]
    assert [cap.bps for cap in allocate(100 * MBPS, idle).values()] == [MBPS, 99 * MBPS]

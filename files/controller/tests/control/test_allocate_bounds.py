"""An allocation stays inside the budget and every claim's bounds, and is the same whoever asks first."""

from __future__ import annotations

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import MBPS
from detnet.control.allocate import GRAIN_BPS, Claim, allocate, split
from detnet.model.rate import CEILING_BPS, FLOOR_BPS


@st.composite
def claims(draw: st.DrawFn, *, most: int = 12) -> list[Claim]:
    """Draw claims with odd weights and demands that may be nothing, too much or no number."""
    drawn = []
    for number in range(draw(st.integers(1, most))):
        low, high = sorted(draw(st.tuples(*[st.integers(FLOOR_BPS, 2000 * MBPS)] * 2)))
        demand = draw(st.one_of(st.none(), st.floats(-1e9, 4e9), st.sampled_from([math.nan, math.inf, -math.inf])))
        drawn.append(Claim(f"claim-{number}", low, high, draw(st.floats(0.01, 100.0)), demand))
    return drawn


budgets = st.one_of(st.integers(0, 20_000 * MBPS), st.integers(-(10**20), 10**20))


@given(budgets, claims())
def test_caps_add_up_to_the_budget_at_most(budget: int, asked: list[Claim]) -> None:
    """Only the minima may exceed it: a cap below its minimum would starve, and no cap would be unlimited."""
    caps = allocate(budget, asked)
    assert set(caps) == {claim.name for claim in asked}
    assert sum(cap.bps for cap in caps.values()) <= max(budget, sum(claim.minimum_bps for claim in asked))
    assert all(claim.minimum_bps <= caps[claim.name].bps <= claim.maximum_bps for claim in asked)


@given(budgets, claims())
def test_nothing_is_left_that_somebody_may_have(budget: int, asked: list[Claim]) -> None:
    """The whole budget is dealt out, but for the fraction of a kbit/s that rounding down leaves each."""
    spendable = min(budget, sum(claim.maximum_bps for claim in asked))
    assert sum(cap.bps for cap in allocate(budget, asked).values()) >= spendable - GRAIN_BPS * len(asked) - 1


@given(budgets, claims(), st.randoms())
def test_the_order_of_the_claims_does_not_matter(budget: int, asked: list[Claim], chance: random.Random) -> None:
    """The same claims get the same caps, to the rounding of a sum in another order."""
    shuffled = list(asked)
    chance.shuffle(shuffled)
    caps, again = allocate(budget, asked), allocate(budget, shuffled)
    assert all(abs(caps[name].bps - again[name].bps) <= GRAIN_BPS for name in caps)
    assert allocate(budget, asked) == caps


@given(claims())
def test_a_budget_below_the_minima_gives_the_minima(asked: list[Claim]) -> None:
    """The configured minima hold; the loop cannot go lower."""
    least = {claim.name: claim.minimum_bps for claim in asked}
    short = sum(least.values()) - 1
    assert {name: cap.bps for name, cap in allocate(short, asked).items()} == least
    assert {name: cap.bps for name, cap in allocate(0, asked).items()} == least


def test_a_thousand_claims() -> None:
    """A large cluster's claims, each with its own demand, are divided to the last kbit/s of each."""
    asked = [Claim(f"pod-{n}", MBPS, 1000 * MBPS, 1.0 + n % 7, MBPS + 9999.0 * n) for n in range(1000)]
    caps = allocate(5000 * MBPS, asked)
    assert 5000 * MBPS - 1000 * GRAIN_BPS <= sum(cap.bps for cap in caps.values()) <= 5000 * MBPS
    assert allocate(5000 * MBPS, []) == {}


@given(st.integers(0, CEILING_BPS), st.integers(1, 5000))
def test_pods_share_alike_and_never_get_less_than_a_cap(budget: int, pods: int) -> None:
    """The limit is per pod: N replicas together may not have N times the budget."""
    each = split(budget, pods).bps
    assert each == FLOOR_BPS or (each * pods <= budget < (each + 1) * pods)


def test_what_cannot_be_allocated_is_refused() -> None:
    """No pods; two claims of one name; bounds that are no caps; weights that are no weights."""
    with pytest.raises(ValueError, match="at least one pod"):
        split(MBPS, 0)
    with pytest.raises(ValueError, match="same name: a, a"):
        allocate(10 * MBPS, [Claim("a", MBPS, MBPS), Claim("a", MBPS, MBPS)])
    for low, high in ((FLOOR_BPS - 1, MBPS), (2 * MBPS, MBPS), (MBPS, CEILING_BPS + 1)):
        with pytest.raises(ValueError, match="minimum <= maximum"):
            Claim("a", low, high)
    for weight in (0.0, -1.0, math.inf, math.nan):
        with pytest.raises(ValueError, match="weight"):
            Claim("a", MBPS, MBPS, weight)

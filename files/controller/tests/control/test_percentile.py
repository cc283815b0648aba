"""Percentiles are the empirical ones of RFC 2330 section 11.3."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.control.windows import percentile

values = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=400)
shares = st.integers(1, 100).map(lambda hundredths: (hundredths / 100, Fraction(hundredths, 100)))


@given(values, shares)
def test_a_percentile_is_the_least_value_that_enough_do_not_exceed(
    delays: list[float], share: tuple[float, Fraction]
) -> None:
    """RFC 2330: the smallest x for which the empirical distribution function reaches the share."""
    enough = [x for x in delays if Fraction(sum(y <= x for y in delays), len(delays)) >= share[1]]
    assert percentile(sorted(delays), share[0]) == min(enough)


def test_the_rfc_example() -> None:
    """RFC 2330 section 11.3's own numbers: of -2, 7, 7, 4, 18, -5 the 50th percentile is 4 and the 25th is -2."""
    ordered = sorted([-2.0, 7.0, 7.0, 4.0, 18.0, -5.0])
    assert [percentile(ordered, share) for share in (0.25, 0.5, 1.0)] == [-2.0, 4.0, 18.0]


@pytest.mark.parametrize("count", [100, 1000, 10_000])
def test_rounding_never_asks_for_one_value_too_many(count: int) -> None:
    """0.07 of 100 is the 7th value, though the product is 7.000000000000001 in binary."""
    ordered = [float(n) for n in range(1, count + 1)]
    assert [percentile(ordered, n / 100) for n in range(1, 101)] == ordered[count // 100 - 1 :: count // 100]


@pytest.mark.parametrize(("ordered", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.01), ([1.0], float("nan"))])
def test_no_percentile_of_nothing(ordered: list[float], share: float) -> None:
    """An empty window has no percentile, and a default would hide that."""
    with pytest.raises(ValueError, match="no percentile"):
        percentile(ordered, share)

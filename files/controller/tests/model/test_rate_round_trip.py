"""A rate survives being written and read, and nothing is ever a rate outside [1 Mbit/s, 10 Tbit/s]."""

from __future__ import annotations

import math

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate, RateError, human

SCALES = {"": 1, "k": 10**3, "M": 10**6, "G": 10**9, "T": 10**12}
usable_bps = st.one_of(
    st.integers(FLOOR_BPS, CEILING_BPS),
    st.builds(lambda number, scale: number * scale, st.integers(1, 9999), st.sampled_from([10**6, 10**9])),
)


@given(usable_bps)
@example(FLOOR_BPS)
@example(CEILING_BPS)
def test_every_rate_reads_back_as_it_was_written(bps: int) -> None:
    """What we write into an annotation is the number we decided, to the bit."""
    assert Rate.parse(Rate(bps).quantity).bps == bps


@given(usable_bps)
def test_a_quantity_is_the_shortest_with_a_decimal_suffix(bps: int) -> None:
    """100M, not 100000000 or 0.1G: no exact text with a whole number and a suffix is shorter."""
    exact = [f"{bps // scale}{suffix}" for suffix, scale in SCALES.items() if bps % scale == 0]
    assert Rate(bps).quantity == min(exact, key=len)


@given(st.one_of(st.integers(), st.sampled_from([0, -1, FLOOR_BPS - 1, CEILING_BPS + 1, 10**400, -(10**5000)])))
def test_no_number_outside_the_bounds_is_a_rate(bps: int) -> None:
    """The constructor is the last gate before a cap that means unlimited."""
    if FLOOR_BPS <= bps <= CEILING_BPS:
        assert Rate(bps).bps == bps
    else:
        with pytest.raises(RateError, match="between 1M and 10T bit/s"):
            Rate(bps)


@pytest.mark.parametrize("value", [1e8, "100M", None, True, math.nan])
def test_only_whole_numbers_are_rates(value: object) -> None:
    """A float could carry a fraction or a NaN, and True is not 1 bit/s."""
    with pytest.raises(RateError, match="whole number of bit/s"):
        Rate(value)  # type: ignore[arg-type]


@given(st.one_of(st.floats(allow_nan=False, allow_infinity=False), st.integers()), usable_bps, usable_bps)
@example(10**400, FLOOR_BPS, CEILING_BPS)
def test_clamped_stays_inside_and_rounds_down(bps: float, one: int, other: int) -> None:
    """A computed rate never exceeds what was computed, unless the lower bound says so."""
    low, high = Rate(min(one, other)), Rate(max(one, other))
    clamped = Rate.clamped(bps, low, high)
    assert low <= clamped <= high
    if low.bps <= bps <= high.bps:
        assert bps - 1 < clamped.bps <= bps


@pytest.mark.parametrize("bps", [math.nan, math.inf, -math.inf])
def test_clamped_refuses_what_is_no_number(bps: float) -> None:
    """NaN has no place between two bounds; infinity is what we must never write."""
    with pytest.raises(RateError, match="finite number of bit/s"):
        Rate.clamped(bps, Rate(FLOOR_BPS), Rate(CEILING_BPS))


@given(st.integers(1, CEILING_BPS))
def test_people_read_three_significant_digits(bps: int) -> None:
    """The text for people is within half a unit of the third digit, and names its unit."""
    number, unit = human(bps).split(" ")
    scale = {"bit/s": 1.0, "kbit/s": 1e3, "Mbit/s": 1e6, "Gbit/s": 1e9, "Tbit/s": 1e12}[unit]
    assert math.isclose(float(number) * scale, bps, rel_tol=0.0051)
    assert len(number.replace(".", "")) <= 3 or unit == "Tbit/s"
    assert str(Rate(94_700_000)) == "94.7 Mbit/s"

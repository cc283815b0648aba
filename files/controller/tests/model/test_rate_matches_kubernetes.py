"""``Rate.parse`` reads the Kubernetes quantity grammar, held against an independent reading of it.

The oracle follows the grammar in apimachinery's resource.Quantity documentation, character by character and in exact
fractions. We are stricter in three documented ways: no sub-unit suffix, no exponent of more than two digits, no text
of more than 40 characters.
"""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate, RateError

DIGITS = "0123456789"
DECIMAL = {name: Fraction(1000**power) for power, name in enumerate(["", "k", "M", "G", "T", "P", "E"])}
BINARY = {name: Fraction(1024**power) for power, name in enumerate(["Ki", "Mi", "Gi", "Ti", "Pi", "Ei"], start=1)}
SUFFIXES = DECIMAL | BINARY


def read(text: str) -> int | None:
    """Return the bit/s of a text, rounded up; None when the grammar, strict as ours is, has no such quantity."""
    if len(text) > 40:
        return None
    sign, rest = (-1, text[1:]) if text[:1] == "-" else (1, text[1:] if text[:1] == "+" else text)
    whole = rest[: len(rest) - len(rest.lstrip(DIGITS))]
    rest = rest[len(whole) :]
    decimals = ""
    if rest.startswith("."):
        decimals = rest[1 : len(rest) - len(rest[1:].lstrip(DIGITS))]
        rest = rest[1 + len(decimals) :]
    if not whole + decimals:
        return None
    scale = SUFFIXES.get(rest)
    if scale is None and rest[0] in "eE":
        exponent = rest[2:] if rest[1:2] in ("+", "-") else rest[1:]
        if not 1 <= len(exponent) <= 2 or exponent.strip(DIGITS):
            return None
        scale = Fraction(10) ** (-int(exponent) if rest[1] == "-" else int(exponent))
    if scale is None:
        return None
    value = sign * Fraction(int(whole + decimals), 10 ** len(decimals)) * scale
    return -((-value.numerator) // value.denominator)


numbers = st.builds(
    "".join,
    st.tuples(
        st.sampled_from(["", "", "", "+", "-"]),
        st.text(DIGITS, max_size=12),
        st.sampled_from(["", "", "."]),
        st.text(DIGITS, max_size=12),
    ),
)
suffixes = st.one_of(
    st.sampled_from([*SUFFIXES, "K", "mi", "MB", "Mbit", " M", "ki", "e", "E", "E+", "e3.5", "M "]),
    st.builds(
        "{}{}{}".format,
        st.sampled_from("eE"),
        st.sampled_from(["", "+", "-"]),
        st.one_of(st.integers(0, 15).map(str), st.text(DIGITS, max_size=3)),
    ),
)


@given(st.one_of(st.builds("{}{}".format, numbers, suffixes), st.text(DIGITS + ".+-eEkMGTPi \n", max_size=45)))
@example("1.0000001M")
@example("999999.0000000001")
@example("0.5Mi")
@example(".5G")
@example("5.M")
@example("100000000e-2")
def test_parsing_agrees_with_the_grammar(text: str) -> None:
    """The same number, or a refusal for the same reason: no quantity, or no usable cap."""
    expected = read(text)
    if expected is not None and FLOOR_BPS <= expected <= CEILING_BPS:
        assert Rate.parse(text).bps == expected
        return
    with pytest.raises(RateError) as refused:
        Rate.parse(text)
    assert ("between 1M and 10T" in str(refused.value)) == (expected is not None)


@given(st.text())
def test_no_text_is_read_as_less_than_the_floor(text: str) -> None:
    """Whatever is typed, it is a usable rate or an error, never a rate that would mean unlimited."""
    try:
        bps = Rate.parse(text).bps
    except RateError as error:
        bps, message = FLOOR_BPS, str(error)
    else:
        message = "none"
    assert FLOOR_BPS <= bps <= CEILING_BPS
    assert 0 < len(message.strip()) < 250

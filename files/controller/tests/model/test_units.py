"""Values carry their units; a bare number is refused."""

from __future__ import annotations

import contextlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.model.units import parse_duration_s, parse_rate, parse_share


@pytest.mark.parametrize(
    ("text", "seconds"),
    [("500ms", 0.5), ("2ms", 0.002), ("30s", 30.0), ("5min", 300.0), ("1h", 3600.0), ("1.5 s", 1.5)],
)
def test_durations_are_read_in_their_unit(text: str, seconds: float) -> None:
    """Each unit scales as its name says."""
    assert parse_duration_s(text) == pytest.approx(seconds)


@pytest.mark.parametrize("value", [2, 2.0, "2", "ms", "2 parsecs", "-2ms", "", None, True, [], "2ms3s", "٢ms"])
def test_a_duration_without_a_known_unit_is_refused(value: object) -> None:
    """A controller must not guess whether 2 is seconds or milliseconds."""
    with pytest.raises(ValueError, match=r"duration|unit"):
        parse_duration_s(value)


@pytest.mark.parametrize("value", [0.01, 1, "1", "101%", "-1%", "one %", None])
def test_a_share_needs_a_percent_sign(value: object) -> None:
    """0.01 could be one percent or a hundredth of one."""
    with pytest.raises(ValueError, match=r"share|unit"):
        parse_share(value)


def test_a_share_is_a_ratio() -> None:
    """1 % is 0.01."""
    assert parse_share("1%") == pytest.approx(0.01)


@pytest.mark.parametrize(
    ("value", "hint"), [(100, "100M"), ("10m", "10M"), ("10Mbit", "100M"), (None, "100M"), (True, "100M")]
)
def test_a_rate_that_would_mean_unlimited_is_refused_with_the_right_spelling(value: object, hint: str) -> None:
    """Each refusal shows what to write instead."""
    with pytest.raises(ValueError, match=hint):
        parse_rate(value)


@given(st.one_of(st.text(), st.integers(), st.floats(), st.none(), st.booleans(), st.binary()))
def test_nothing_but_a_value_error_comes_out(value: object) -> None:
    """Whatever a YAML file holds, the answer is a number or a sentence."""
    for parse in (parse_duration_s, parse_share, parse_rate):
        with contextlib.suppress(ValueError):
            parse(value)

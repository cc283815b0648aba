"""Settings under which a rule of the guard would be void are refused."""

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

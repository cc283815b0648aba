"""Targets get what they use: a filled cap may grow, an idle one gives way, and noise writes nothing."""

from __future__ import annotations

import math

import pytest

from detnet.control.allocate import Claim, allocate, steady
from detnet.control.demand import HEADROOM, Demand
from detnet.model.rate import Rate

M = 1_000_000
CAPS = {"upload": Rate(50 * M), "pages": Rate(50 * M)}
CLAIMS = (Claim("upload", 2 * M, 100 * M), Claim("pages", 2 * M, 100 * M))


def _after(seconds: float, upload_bps: float, pages_bps: float) -> Demand:
    """Return the demand after so long at constant rates, two readings a second."""
    demand = Demand()
    for half in range(int(seconds * 2)):
        demand = demand.after({"upload": upload_bps, "pages": pages_bps}, CAPS, half / 2)
    return demand


def test_a_target_that_fills_its_cap_wants_as_much_as_there_is() -> None:
    """Nobody knows what it would send without the cap."""
    assert _after(5, 49.9e6, 30e6).of("upload", CAPS["upload"]) is None


def test_a_target_below_its_cap_wants_its_peak_and_some_headroom() -> None:
    """The rest of its cap is free for others."""
    assert _after(5, 49.9e6, 30e6).of("pages", CAPS["pages"]) == pytest.approx(HEADROOM * 30e6)


def test_a_burst_shorter_than_the_mean_is_no_demand() -> None:
    """One page at full speed does not claim the cap."""
    demand = _after(5, 49.9e6, 10e6).after({"upload": 49.9e6, "pages": 50e6}, CAPS, 5.0)
    wanted = demand.of("pages", CAPS["pages"])
    assert wanted is not None
    assert wanted < 25e6


def test_demand_is_forgotten_after_ten_seconds() -> None:
    """A target that has stopped does not keep what it once used."""
    demand = _after(5, 40e6, 40e6)
    for half in range(24):
        demand = demand.after({"upload": 40e6, "pages": 0.0}, CAPS, 5.0 + half / 2)
    assert demand.of("pages", CAPS["pages"]) == 0.0


@pytest.mark.parametrize("rate_bps", [math.nan, math.inf, -1.0])
def test_what_is_no_rate_is_no_demand(rate_bps: float) -> None:
    """A reset counter says nothing; without any reading a target may want all."""
    assert Demand().after({"upload": rate_bps}, CAPS, 1.0).of("upload", CAPS["upload"]) is None


def test_a_target_that_has_outgrown_its_cap_has_time_to_use_a_larger_one() -> None:
    """A page that loads ever faster filled its cap of 5: it may have any for three seconds, then what it has shown."""
    small, large = {"pages": Rate(5 * M)}, {"pages": Rate(50 * M)}
    demand = Demand()
    for half in range(8):
        demand = demand.after({"pages": 5e6}, small, half / 2)
    wants = []
    for half in range(8, 16):
        demand = demand.after({"pages": min(5e6 + (half - 7) * 5e6, 20e6)}, large, half / 2)
        wants.append(demand.of("pages", large["pages"]))
    assert wants[:5] == [None] * 5
    assert wants[5:] == pytest.approx([HEADROOM * 20e6] * 3)


def test_the_unused_part_goes_to_who_can_use_it() -> None:
    """Of 90 Mbit/s, pages keep 33 and upload gets the rest."""
    caps = allocate(90 * M, _after(5, 49.9e6, 30e6).claims(CLAIMS, CAPS))
    assert (caps["pages"].bps, caps["upload"].bps) == (33 * M, 57 * M)


def test_a_small_change_keeps_the_caps_in_force() -> None:
    """Less than a hundredth of the budget and a tenth of a cap is noise."""
    wanted = {"upload": Rate(50_200_000), "pages": Rate(49_900_000)}
    assert steady(wanted, CAPS, 100_100_000, CLAIMS) == CAPS


def test_room_that_nobody_asks_for_moves_no_cap() -> None:
    """An upload that pauses keeps its cap for when it comes back, as long as pages have what they want."""
    in_force = {"upload": Rate(67 * M), "pages": Rate(33 * M)}
    claims = _after(20, 0.0, 30e6).claims(CLAIMS, in_force)
    assert steady(allocate(100 * M, claims), in_force, 100 * M, claims) == in_force


@pytest.mark.parametrize(
    ("wanted", "budget_bps"),
    [
        ({"upload": Rate(49_900_000), "pages": Rate(49_900_000)}, 99_800_000),
        ({"upload": Rate(60 * M), "pages": Rate(40 * M)}, 100 * M),
        ({"upload": Rate(52 * M), "pages": Rate(50 * M)}, 102 * M),
    ],
    ids=["the budget fell", "one cap moves far", "the budget rose"],
)
def test_a_real_change_goes_through(wanted: dict[str, Rate], budget_bps: int) -> None:
    """A cut above all, however small."""
    assert steady(wanted, CAPS, budget_bps, CLAIMS) == wanted


def test_a_missing_cap_is_always_written() -> None:
    """Unlimited is not nearly right."""
    wanted = {"upload": Rate(50 * M), "pages": Rate(50 * M)}
    assert steady(wanted, {"upload": Rate(50 * M), "pages": None}, 100 * M, CLAIMS) == wanted

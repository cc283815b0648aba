"""Writes that take effect later, fail or take their time; pods that begin at the template's cap."""

from __future__ import annotations

import pytest

from detnet.model.rate import Rate
from detnet_lab.simulator.plant import SLOT_S
from detnet_lab.simulator.simulated_domain import SimulatedDomain
from detnet_lab.simulator.simulation import draw_world
from simulator.small_runs import SMALL, scenario

CAP = {"upload": Rate.parse("20M")}


def domain(body: str = "", targets: str = "[{name: upload}]") -> SimulatedDomain:
    """Return a domain at its beginning."""
    one = scenario(body, targets=targets)
    (exogenous,) = draw_world(one, SMALL, 0)
    return SimulatedDomain(one.links[0], SMALL, exogenous, actuation_s=1.0)


def pass_until(one: SimulatedDomain, from_s: float, until_s: float) -> None:
    """Let time pass."""
    for slot in range(round(from_s / SLOT_S), round(until_s / SLOT_S)):
        one.advance(slot)


def test_a_write_is_read_back_at_once_and_in_force_after_the_delay() -> None:
    """The API answers with the annotation, the kernel obeys a second later."""
    one = domain()
    pass_until(one, 0.0, 5.0)
    one.actuator.apply(CAP)
    assert one.actuator.read() == CAP
    pass_until(one, 5.0, 5.9)
    assert one.actuator.limit_bps(0) == 50e6
    pass_until(one, 5.9, 6.2)
    assert one.actuator.limit_bps(0) == 20e6


def test_a_later_write_does_not_bring_an_earlier_one_into_force_sooner() -> None:
    """Each write takes its own time."""
    one = domain()
    one.actuator.apply(CAP)
    pass_until(one, 0.0, 0.6)
    one.actuator.apply({"upload": Rate.parse("10M")})
    pass_until(one, 0.6, 1.2)
    assert one.actuator.limit_bps(0) == 20e6


def test_new_pods_run_at_the_templates_cap_until_they_are_reached() -> None:
    """Two pods at 25 Mbit/s, then two more at 40 % of the link each, then a quarter of the target's cap for all."""
    one = domain(targets="[{name: upload, template: 0.4, pods: {steps: [[0, 2], [5, 4]]}}]")
    pass_until(one, 0.0, 5.1)
    assert one.actuator.limit_bps(0) == pytest.approx(2 * 25e6 + 2 * 40e6)
    pass_until(one, 5.1, 6.2)
    assert one.actuator.limit_bps(0) == pytest.approx(50e6)


def test_a_refused_write_changes_nothing_and_is_tried_again() -> None:
    """Until it succeeds, and nobody has to ask for it again."""
    one = domain("faults: [{kind: writes-fail, at_s: 0, for_s: 3, share: 1.0}]")
    pass_until(one, 0.0, 1.0)
    assert one.actuator.apply(CAP) != CAP
    pass_until(one, 1.0, 3.0)
    assert one.actuator.read() != CAP
    pass_until(one, 3.0, 4.5)
    assert one.actuator.read() == CAP


def test_only_changed_caps_are_writes() -> None:
    """A cap that is already there costs the API nothing."""
    one = domain()
    one.actuator.apply(CAP)
    one.actuator.apply(CAP)
    assert len(one.actuator.writes) == 1


def test_a_slow_api_delays_the_effect_and_the_newest_wish_is_written_next() -> None:
    """Five seconds for each call and one for the kernel; what was wished for in between is never written."""
    one = domain("faults: [{kind: slow-api, at_s: 0, for_s: 60, s: 5}]")
    pass_until(one, 0.0, 1.0)
    for cap in ("20M", "30M", "10M"):
        one.actuator.apply({"upload": Rate.parse(cap)})
    pass_until(one, 1.0, 6.8)
    assert one.actuator.limit_bps(0) == 50e6
    pass_until(one, 6.8, 7.2)
    assert one.actuator.limit_bps(0) == 20e6
    pass_until(one, 7.2, 12.3)
    assert one.actuator.limit_bps(0) == 10e6

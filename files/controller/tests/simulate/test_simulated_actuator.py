"""Writes that take effect later, fail or take their time; pods that begin at the template's cap."""

from __future__ import annotations

import pytest

from detnet.actuate.base import ActuationError
from detnet.core.rate import Rate
from detnet.simulate.plant import SLOT_S
from detnet.simulate.run import world
from detnet.simulate.site import Site
from simulate.bench import SMALL, scenario

CAP = {"upload": Rate.parse("20M")}


def site(body: str = "", targets: str = "[{name: upload}]") -> Site:
    """Return a site at its beginning."""
    one = scenario(body, targets=targets)
    (exogenous,) = world(one, SMALL, 0)
    return Site(one.links[0], SMALL, exogenous, actuation_s=1.0)


def pass_until(one: Site, from_s: float, until_s: float) -> None:
    """Let time pass."""
    for slot in range(round(from_s / SLOT_S), round(until_s / SLOT_S)):
        one.advance(slot)


def test_a_write_is_read_back_at_once_and_in_force_after_the_delay() -> None:
    """The API answers with the annotation, the kernel obeys a second later."""
    one = site()
    pass_until(one, 0.0, 5.0)
    one.actuator.apply(CAP)
    assert one.actuator.read() == CAP
    pass_until(one, 5.0, 5.9)
    assert one.actuator.limit_bps(0) == 50e6
    pass_until(one, 5.9, 6.2)
    assert one.actuator.limit_bps(0) == 20e6


def test_a_later_write_does_not_bring_an_earlier_one_into_force_sooner() -> None:
    """Each write takes its own time."""
    one = site()
    one.actuator.apply(CAP)
    pass_until(one, 0.0, 0.6)
    one.actuator.apply({"upload": Rate.parse("10M")})
    pass_until(one, 0.6, 1.2)
    assert one.actuator.limit_bps(0) == 20e6


def test_new_pods_run_at_the_templates_cap_until_they_are_reached() -> None:
    """Two pods at 25 Mbit/s, then two more at 40 % of the link each, then a quarter of the target's cap for all."""
    one = site(targets="[{name: upload, template: 0.4, pods: {steps: [[0, 2], [5, 4]]}}]")
    pass_until(one, 0.0, 5.1)
    assert one.actuator.limit_bps(0) == pytest.approx(2 * 25e6 + 2 * 40e6)
    pass_until(one, 5.1, 6.2)
    assert one.actuator.limit_bps(0) == pytest.approx(50e6)


def test_a_refused_write_names_its_target_and_changes_nothing() -> None:
    """As every actuator's does."""
    one = site("faults: [{kind: writes-fail, at_s: 0, for_s: 60, share: 1.0}]")
    pass_until(one, 0.0, 1.0)
    with pytest.raises(ActuationError, match="upload") as raised:
        one.actuator.apply(CAP)
    assert raised.value.targets == {"upload"}
    assert one.actuator.read() != CAP


def test_only_changed_caps_are_writes() -> None:
    """A cap that is already there costs the API nothing."""
    one = site()
    one.actuator.apply(CAP)
    one.actuator.apply(CAP)
    assert len(one.actuator.writes) == 1


def test_a_slow_api_holds_the_pass_and_delays_the_effect() -> None:
    """Five seconds for the call and one for the kernel."""
    one = site("faults: [{kind: slow-api, at_s: 0, for_s: 60, s: 5}]")
    pass_until(one, 0.0, 1.0)
    one.actuator.apply(CAP)
    assert one.actuator.busy_until_s > 5.8
    pass_until(one, 1.0, 6.8)
    assert one.actuator.limit_bps(0) == 50e6
    pass_until(one, 6.8, 7.2)
    assert one.actuator.limit_bps(0) == 20e6

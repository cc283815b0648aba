"""Caps set through the tc actuator are exactly in force, cuts come first, and one failure stops no other."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from pyroute2 import IPRoute
from pyroute2.netlink.rtnl import RTMGRP_TC

from actuators.wire import DEVICE, Wire
from detnet.actuators.base import ActuationError
from detnet.actuators.tc.actuator import DEFAULT_CLASS, TcActuator
from detnet.actuators.tc.netlink import Device
from detnet.model.rate import Rate

pytestmark = [pytest.mark.root, pytest.mark.needs("tc")]
# One wire serves all examples: each sets its cap anew.
EXAMPLES = settings(max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])


@EXAMPLES
@given(bps=st.integers(1_000_000, 40_000_000_000))
@example(bps=1_000_000)
@example(bps=(2**32 - 1) * 8)
@example(bps=2**32 * 8)
@example(bps=10_000_000_000_000)
def test_any_cap_reads_back_exactly(tc: TcActuator, bps: int) -> None:
    """HTB keeps byte/s: a cap is rounded down to a multiple of 8 bit/s, and to nothing else."""
    held = Rate(bps // 8 * 8)
    assert tc.apply({"telemetry": Rate(bps)}) == {"telemetry": held}
    assert tc.read()["telemetry"] == held


def test_tc_shows_the_same_cap(wire: Wire, tc: TcActuator) -> None:
    """What iproute2 reads is what we say."""
    tc.apply({"telemetry": Rate.parse("20M")})
    assert "rate 20Mbit ceil 20Mbit" in wire.tc(f"class show dev {DEVICE}")


def test_a_target_left_out_keeps_its_cap(tc: TcActuator) -> None:
    """Apply touches the named targets alone."""
    tc.apply({"telemetry": Rate.parse("20M"), "dashboard": Rate.parse("5M")})
    tc.apply({"telemetry": Rate.parse("10M")})
    assert tc.read()["dashboard"] == Rate.parse("5M")


@pytest.mark.parametrize("order", [("telemetry", "dashboard"), ("dashboard", "telemetry")])
def test_cuts_come_before_raises(wire: Wire, tc: TcActuator, order: tuple[str, str]) -> None:
    """Watched on the kernel's own notifications: at no time is the sum of the caps above both budgets."""
    tc.apply(dict.fromkeys(order, Rate.parse("10M")))
    with IPRoute(netns=wire.near, flags=0) as watcher:
        watcher.bind(groups=RTMGRP_TC)
        caps = {order[0]: Rate.parse("15M"), order[1]: Rate.parse("5M")}
        tc.apply(caps)
        seen: list[int] = []
        while len(seen) < 2:
            changes = [m for m in watcher.get() if m["event"] == "RTM_NEWTCLASS" and m["handle"] != DEFAULT_CLASS]
            seen += [m.get_attr("TCA_OPTIONS").get_attr("TCA_HTB_PARMS")["rate"] for m in changes]
    assert seen == [625_000, 1_875_000]


def test_an_unknown_target_fails_alone(tc: TcActuator) -> None:
    """The error names it; the others are applied and told."""
    with pytest.raises(ActuationError, match="target 'typo': is not configured") as caught:
        tc.apply({"typo": Rate.parse("5M"), "telemetry": Rate.parse("20M")})
    assert caught.value.targets == {"typo"}
    assert caught.value.applied == {"telemetry": Rate.parse("20M")}
    assert tc.read()["telemetry"] == Rate.parse("20M")


def test_a_filter_that_the_kernel_refuses_fails_alone_and_is_tried_again(wire: Wire, tc: TcActuator) -> None:
    """Somebody's filter of another protocol sits on our first preference: told once, cleared, mended."""
    tc.ensure()
    wire.tc(f"filter del dev {DEVICE} parent de7:")
    wire.tc(f"filter add dev {DEVICE} parent de7: pref 1 protocol arp u32 match u32 0 0 flowid de7:1")
    caps = {"telemetry": Rate.parse("20M"), "dashboard": Rate.parse("5M")}
    with pytest.raises(ActuationError, match=r"target 'telemetry': device near0 .*: cannot add-filter u32: ") as caught:
        tc.apply(caps)
    assert caught.value.targets == {"telemetry"}
    assert tc.read() == {"telemetry": None, "dashboard": caps["dashboard"]}
    tc.apply(caps)
    assert tc.read() == caps


def test_a_kernel_that_holds_another_number_is_an_error(tc: TcActuator, monkeypatch: pytest.MonkeyPatch) -> None:
    """Injected: the write arrives halved, and the read-back names both numbers."""
    put = Device.put

    def halving(self: Device, command: str, kind: str, link: object, **arguments: int) -> None:
        if command == "replace-class":
            arguments = {**arguments, "rate": arguments["rate"] // 2, "ceil": arguments["ceil"] // 2}
        put(self, command, kind, link, **arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(Device, "put", halving)
    with pytest.raises(ActuationError, match="asked for 20000000 bit/s, but the kernel holds 10000000 "):
        tc.apply({"telemetry": Rate.parse("20M")})


def test_a_cap_below_our_least_is_told(wire: Wire, tc: TcActuator) -> None:
    """Somebody's 500 kbit/s is no rate of ours: said, not rounded."""
    tc.apply({"telemetry": Rate.parse("20M")})
    number = tc._class_of["telemetry"] & 0xFFFF
    wire.tc(f"class change dev {DEVICE} parent de7: classid de7:{number:x} htb rate 500kbit")
    with pytest.raises(ActuationError, match=r"target 'telemetry' was capped by somebody else: .* 500000 bit/s"):
        tc.read()

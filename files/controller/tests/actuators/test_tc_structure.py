"""What the tc actuator builds on a device, takes over, refuses and leaves behind."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from actuators.wire import DEVICE, TARGETS, Wire
from detnet.actuators.base import ActuationError
from detnet.actuators.tc.actuator import TcActuator
from detnet.actuators.tc.match import Match
from detnet.model.rate import Rate

pytestmark = [pytest.mark.root, pytest.mark.needs("tc")]
CAPS = {"telemetry": Rate.parse("20M"), "dashboard": Rate.parse("5M")}


def snapshot(wire: Wire) -> list[str]:
    """Return all that tc shows of the device, without the counters."""
    shown = [wire.tc(f"{what} show dev {DEVICE}") for what in ("qdisc", "class", "filter")]
    return [re.sub(r"direct_packets_stat \d+", "", text) for text in shown]


def test_reading_touches_nothing(wire: Wire, tc: TcActuator) -> None:
    """In shadow mode, the device stays as it was and no target is capped."""
    before = snapshot(wire)
    assert tc.read() == {"telemetry": None, "dashboard": None}
    assert tc.usage() is None
    assert snapshot(wire) == before


def test_targets_start_uncapped_but_counted(tc: TcActuator) -> None:
    """Creating the structure caps nothing by itself."""
    tc.ensure()
    assert tc.read() == {"telemetry": None, "dashboard": None}
    assert tc.usage() is not None


def test_ensuring_twice_changes_nothing(wire: Wire, tc: TcActuator) -> None:
    """Every pass may call it."""
    tc.apply(CAPS)
    before = snapshot(wire)
    tc.ensure()
    assert snapshot(wire) == before


def test_a_killed_controller_is_succeeded_without_a_jump(wire: Wire, tc: TcActuator) -> None:
    """The caps outlive SIGKILL, and the next controller reads and keeps them exactly."""
    body = (
        "import os, signal; from actuators.wire import TARGETS; from detnet.actuators.tc.actuator import TcActuator;"
        "from detnet.model.rate import Rate;"
        f"TcActuator({DEVICE!r}, TARGETS, netns={wire.near!r}).apply({{'telemetry': Rate(12345678)}});"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    environment = {"PYTHONPATH": ":".join(sys.path)}
    assert subprocess.run([sys.executable, "-c", body], env=environment, check=False).returncode == -9
    classes = wire.tc(f"class show dev {DEVICE}")
    assert tc.read() == {"telemetry": Rate(12345672), "dashboard": None}
    tc.ensure()
    assert wire.tc(f"class show dev {DEVICE}") == classes


def test_a_target_that_is_no_longer_configured_loses_its_class(wire: Wire, tc: TcActuator) -> None:
    """Its packets become unlimited again, and the other target keeps its cap."""
    tc.apply(CAPS)
    fewer = TcActuator(DEVICE, {"dashboard": TARGETS["dashboard"]}, netns=wire.near)
    fewer.ensure()
    assert fewer.read() == {"dashboard": CAPS["dashboard"]}
    assert wire.tc(f"class show dev {DEVICE}").count("class htb") == 2
    fewer.close()


def test_a_cap_is_not_taken_over_for_other_packets(wire: Wire, tc: TcActuator) -> None:
    """A target whose match was changed counts as uncapped until its cap is applied anew."""
    tc.apply(CAPS)
    changed = TcActuator(DEVICE, {"telemetry": Match.parse({"source": "10.99.0.1"}, where="test")}, netns=wire.near)
    assert changed.read() == {"telemetry": None}
    changed.close()


def test_a_deleted_filter_is_noticed_and_mended(wire: Wire, tc: TcActuator) -> None:
    """A class that no packet reaches is no cap; the next apply repairs it."""
    tc.apply(CAPS)
    wire.tc(f"filter del dev {DEVICE} parent de7:")
    assert tc.read() == {"telemetry": None, "dashboard": None}
    tc.apply(CAPS)
    assert tc.read() == CAPS


@pytest.mark.parametrize("foreign", ["root handle 1: htb default 1", "root tbf rate 1gbit burst 64k latency 50ms"])
def test_somebody_elses_qdisc_is_refused(wire: Wire, tc: TcActuator, foreign: str) -> None:
    """We own only what is ours: one sentence, and the qdisc stays through apply and release."""
    wire.tc(f"qdisc add dev {DEVICE} {foreign}")
    before = snapshot(wire)
    with pytest.raises(ActuationError, match="which is not ours to replace") as caught:
        tc.apply(CAPS)
    assert caught.value.targets == {"telemetry", "dashboard"}
    tc.release()
    assert snapshot(wire) == before


def test_release_leaves_the_device_as_before(wire: Wire, tc: TcActuator) -> None:
    """The kernel's default comes back, once and again, and the controller can begin anew."""
    before = snapshot(wire)
    tc.apply(CAPS)
    tc.release()
    tc.release()
    assert snapshot(wire) == before
    assert tc.apply(CAPS) == CAPS

"""What goes away under the tc actuator is told in one sentence, and found again when it is back."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from pyroute2 import netns

from actuators.wire import DEVICE, TARGETS, Wire, build, destroy
from detnet.actuators.base import ActuationError
from detnet.actuators.tc.actuator import TcActuator
from detnet.actuators.tc.netlink import Device
from detnet.model.rate import Rate
from support import wait_for

pytestmark = [pytest.mark.root, pytest.mark.needs("tc")]
CAPS = {"telemetry": Rate.parse("20M"), "dashboard": Rate.parse("5M")}


def test_a_device_that_vanished_is_told_and_found_again(wire: Wire, tc: TcActuator) -> None:
    """The kernel answers questions about a device that is gone with nothing; that is not 'no cap'."""
    tc.apply(CAPS)
    subprocess.run(["ip", "-n", wire.near, "link", "del", DEVICE], check=True)
    for attempt in (tc.read, tc.usage, tc.release, lambda: tc.apply(CAPS)):
        with pytest.raises(ActuationError, match=r"^(target|device near0 in network namespace \S+ does not exist$)"):
            attempt()
    destroy(wire.near, wire.far)
    build(wire.near, wire.far)
    assert tc.apply(CAPS) == CAPS


def test_a_namespace_that_vanished_is_told_and_let_go(wire: Wire, tc: TcActuator) -> None:
    """An open socket would keep the namespace and its links alive for ever."""
    tc.apply(CAPS)
    destroy(wire.near)
    with pytest.raises(ActuationError, match=rf"^network namespace /run/netns/{wire.near} does not exist$"):
        tc.read()
    show_far = ["ip", "-n", wire.far, "link", "show", "far0"]
    wait_for(lambda: subprocess.run(show_far, check=False, capture_output=True).returncode != 0, what="far0 goes")


def test_a_namespace_made_anew_is_the_one_that_counts(wire: Wire, tc: TcActuator) -> None:
    """The old one may live on in a process; the name now means the new one."""
    tc.apply(CAPS)
    with wire.udp_socket():
        destroy(wire.near, wire.far)
        build(wire.near, wire.far)
        assert tc.read() == {"telemetry": None, "dashboard": None}


def test_a_namespace_is_never_created(wire: Wire) -> None:
    """A typo in the name must not leave an empty namespace behind."""
    with pytest.raises(ActuationError, match="network namespace /run/netns/detnet-typo does not exist"):
        TcActuator(DEVICE, TARGETS, netns="detnet-typo").apply(CAPS)
    assert "detnet-typo" not in netns.listnetns()


def test_a_namespace_may_be_given_by_path(wire: Wire) -> None:
    """A namespace without a name is reached through one of its processes."""
    with subprocess.Popen(["ip", "netns", "exec", wire.near, "cat"], stdin=subprocess.PIPE) as inside:
        path = f"/proc/{inside.pid}/ns/net"
        named = Path(f"/run/netns/{wire.near}").stat().st_ino
        while Path(path).stat().st_ino != named:  # ends: ip enters the namespace before it starts cat
            pass
        actuator = TcActuator(DEVICE, TARGETS, netns=path)
        assert actuator.apply(CAPS) == CAPS
        actuator.close()
        inside.communicate()


def test_missing_privilege_is_told(wire: Wire) -> None:
    """Without CAP_NET_ADMIN the kernel says only 'Operation not permitted'."""
    body = (
        "from actuators.wire import DEVICE, TARGETS; from detnet.actuators.tc.actuator import TcActuator\n"
        "try: TcActuator(DEVICE, TARGETS).ensure()\n"
        "except Exception as error: print(type(error).__name__, error)"
    )
    drop = ["setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin"]
    command = ["ip", "netns", "exec", wire.near, *drop, sys.executable, "-c", body]
    environment = {"PYTHONPATH": ":".join(sys.path), "PATH": "/usr/sbin:/usr/bin:/sbin:/bin"}
    run = subprocess.run(command, env=environment, check=True, capture_output=True, text=True)
    assert run.stdout.startswith("ActuationError device near0: ")
    assert "needs CAP_NET_ADMIN" in run.stdout


def test_a_kernel_without_a_qdisc_is_told(wire: Wire, monkeypatch: pytest.MonkeyPatch) -> None:
    """Asked with a kind that no kernel has, which gets the same answer as a missing module."""
    monkeypatch.setitem(sys.modules["detnet.actuators.tc.netlink"]._MODULES, "absent", "sch_absent")
    device = Device(DEVICE, wire.near)
    with pytest.raises(ActuationError, match=r"this kernel has no absent \(module sch_absent\)"):
        device.put("add", "absent", device.link(), handle=0x10000)
    device.close()

"""Real packets meet the caps that the tc actuator set, and its counters count them."""

from __future__ import annotations

import json
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from actuators.wire import DEVICE, Wire
from detnet.actuators.tc.actuator import TcActuator
from detnet.actuators.tc.match import Match
from detnet.model.rate import Rate

pytestmark = [pytest.mark.root, pytest.mark.needs("tc")]
FRAME = 14 + 20 + 8 + 100  # Ethernet, IPv4, UDP, payload
IPV6_FRAME = FRAME + 20


def counted(tc: TcActuator) -> tuple[int, int, int]:
    """Return the bytes of telemetry, dashboard and all the rest."""
    usage = tc.usage()
    assert usage is not None
    return usage.target_bytes["telemetry"], usage.target_bytes["dashboard"], usage.other_bytes


@contextmanager
def iperf3_server(wire: Wire) -> Iterator[None]:
    """Serve one run on the far side; ready when the body begins."""
    command = ["ip", "netns", "exec", wire.far, "iperf3", "-s", "-1", "--forceflush"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        next(line for line in server.stdout if "listening" in line)
        try:
            yield
        finally:
            server.terminate()


def frames_bps(wire: Wire, *arguments: str) -> float:
    """Return the rate of full frames that TCP brings to the far side in 2 s, after 1 s to get going."""
    command = ["ip", "netns", "exec", wire.near, "iperf3", "-c", "10.99.0.2", "-t", "2", "-O", "1", "-J", *arguments]
    with iperf3_server(wire):
        run = json.loads(subprocess.run(command, check=True, capture_output=True, text=True, timeout=20).stdout)
    goodput_bps: float = run["end"]["sum_received"]["bits_per_second"]
    return goodput_bps * 1514 / 1448  # 1448 bytes of a 1514 byte frame are TCP payload with timestamps


@pytest.mark.needs("iperf3")
@pytest.mark.parametrize("cap", ["5M", "50M", "200M"])
def test_tcp_fills_its_cap_and_no_more(wire: Wire, tc: TcActuator, cap: str) -> None:
    """Also where the queue is shorter than one 64 KiB super-packet, which a plain FIFO would drop.

    A starved sender does not fill a cap, so one run of five must; no run may exceed it.
    """
    rate = tc.apply({"telemetry": Rate.parse(cap)})["telemetry"]
    for _ in range(5):
        sent_bps = frames_bps(wire, "-B", "10.99.0.3")
        assert sent_bps < 1.05 * rate.bps
        if sent_bps > 0.9 * rate.bps:
            return
    pytest.fail(f"five runs, and the last filled only {sent_bps / rate.bps:.0%} of its cap")


@pytest.mark.needs("iperf3")
def test_traffic_of_no_target_is_not_limited(wire: Wire, tc: TcActuator) -> None:
    """Critical and unknown traffic passes beside two small caps."""
    tc.apply({"telemetry": Rate.parse("1M"), "dashboard": Rate.parse("1M")})
    assert max(frames_bps(wire, "-B", "10.99.0.1") for _ in range(3)) > 500e6


def test_counters_count_every_frame_in_its_class(wire: Wire, tc: TcActuator) -> None:
    """Ten datagrams for each of the three classes."""
    tc.ensure()
    with wire.udp_socket() as telemetry, wire.udp_socket() as others:
        telemetry.bind(("10.99.0.3", 0))
        others.bind(("10.99.0.1", 0))
        before = counted(tc)
        for _ in range(10):
            telemetry.sendto(bytes(100), ("10.99.0.2", 8080))
            others.sendto(bytes(100), ("10.99.0.2", 8080))
            others.sendto(bytes(100), ("10.99.0.2", 8081))
    telemetry_bytes, dashboard_bytes, other_bytes = (a - b for a, b in zip(counted(tc), before, strict=True))
    assert (telemetry_bytes, dashboard_bytes) == (10 * FRAME, 10 * FRAME)
    assert other_bytes >= 10 * FRAME  # IPv6 neighbour discovery may add to it


def test_a_cap_does_not_reset_the_counters(wire: Wire, tc: TcActuator) -> None:
    """Rates are made of differences: a new cap must not look like a restart."""
    tc.ensure()
    with wire.udp_socket() as sender:
        sender.sendto(bytes(100), ("10.99.0.2", 8080))
    tc.apply({"dashboard": Rate.parse("3M")})
    assert counted(tc)[1] == FRAME


@pytest.mark.parametrize(
    ("fields", "fits"),
    [
        ({"source": "10.99.0.1"}, (True, False)),
        ({"source": "10.99.0.2/31"}, (False, False)),
        ({"destination": "10.99.0.0/24"}, (True, False)),
        ({"destination": "10.99.1.0/24"}, (False, False)),
        ({"source": "fd99::/33"}, (False, True)),
        ({"source": "fd99:0:8000::/33"}, (False, False)),
        ({"destination": "fd99::2"}, (False, True)),
        ({"destination": "fd99::3"}, (False, False)),
        ({"protocol": "udp", "source_port": 4444, "destination_port": 9999}, (True, True)),
        ({"protocol": "udp", "source_port": 9999, "destination_port": 4444}, (False, False)),
        ({"protocol": "tcp", "destination_port": 9999}, (False, False)),
        ({"dscp": 46}, (True, True)),
        ({"dscp": 40}, (False, False)),
        ({"dscp": 46, "source": "10.99.0.0/30", "protocol": "udp", "destination_port": 9999}, (True, False)),
        ({"dscp": 46, "source": "fd99::/16", "protocol": 17, "destination_port": 9999}, (False, True)),
    ],
)
def test_a_match_takes_the_packets_that_it_describes(
    wire: Wire, fields: dict[str, object], fits: tuple[bool, bool]
) -> None:
    """Each field, on one datagram of IPv4 and one of IPv6."""
    actuator = TcActuator(DEVICE, {"telemetry": Match.parse(fields, where="test")}, netns=wire.near)
    actuator.ensure()
    with wire.udp_socket() as ipv4, wire.udp_socket(socket.AF_INET6) as ipv6:
        ipv4.bind(("10.99.0.1", 4444))
        ipv4.setsockopt(socket.IPPROTO_IP, socket.IP_TOS, 46 << 2)
        ipv4.sendto(bytes(100), ("10.99.0.2", 9999))
        ipv6.bind(("fd99::1", 4444))
        ipv6.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_TCLASS, 46 << 2)
        ipv6.sendto(bytes(100), ("fd99::2", 9999))
    usage = actuator.usage()
    assert usage is not None
    assert usage.target_bytes["telemetry"] == fits[0] * FRAME + fits[1] * IPV6_FRAME
    actuator.close()

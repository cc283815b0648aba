"""A path that never leaves its host is not measured: it would look like a perfect network."""

from __future__ import annotations

import os
import struct
import subprocess
from collections.abc import Iterator

import pytest

from detnet.probe.packet import (
    ASK_FOR_STACK,
    ERROR_UNKNOWN,
    SIZE,
    ReflectorPacket,
    SenderPacket,
    name_stack,
    named_stack,
)
from detnet.probe.prober import SAME_HOST
from detnet.probe.sockets import network_stack
from probe.running import DETNET, Running, count_reaches, logged, probing, reflecting, udp_peer
from support import wait_for

NEAR, FAR = f"detnet-s{os.getpid()}a", f"detnet-s{os.getpid()}b"
IN_NEAR, IN_FAR = ("ip", "netns", "exec", NEAR), ("ip", "netns", "exec", FAR)
WIRE = f"""
ip netns add {NEAR}
ip netns add {FAR}
ip link add va netns {NEAR} type veth peer name vb netns {FAR}
ip -n {NEAR} -6 addr add fd00::11/64 dev va nodad
ip -n {FAR} -6 addr add fd00::12/64 dev vb nodad
ip -n {NEAR} link set va up
ip -n {FAR} link set vb up
ip -n {NEAR} link set lo up
ip -n {FAR} link set lo up
"""


@pytest.fixture
def wire() -> Iterator[None]:
    """Two hosts' network stacks with nothing but IPv6 between them."""
    try:
        for command in WIRE.strip().splitlines():
            subprocess.run(command.split(), check=True)
        yield
    finally:
        for namespace in (NEAR, FAR):
            subprocess.run(["ip", "netns", "del", namespace], check=False)


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_our_own_reflector_is_no_far_end(reflector: Running, protocol: str) -> None:
    """There is no sample, and both the log and the reader are told why."""
    endpoint = reflector.endpoints[protocol == "tcp"]
    with Running("probe", f"--path=a={protocol}://{endpoint}", "--late-limit-ms=10000") as probe:
        count_reaches(probe, "received", 10, path="a")
        answer = probe.samples()["paths"]["a"]
        assert (answer["samples"], answer["not_measured"]) == ([], SAME_HOST)
        assert probe.counter("detnet_probe_rtt_seconds_count", path="a") == 0
        assert probe.counter("detnet_probe_same_host_total", path="a") >= 10
        wait_for(lambda: logged(probe, f"path a: not measured: {SAME_HOST}"), what="the reason in the log")
        assert probe.get("/healthz") == "measuring\n"


@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_it_is_measured_when_asked_for(reflector: Running, protocol: str) -> None:
    """For a trial on one machine."""
    with probing(f"a={protocol}://{reflector.endpoints[protocol == 'tcp']}") as probe:
        wait_for(lambda: probe.samples()["paths"]["a"]["samples"], what="a sample")
        assert "not_measured" not in probe.samples()["paths"]["a"]


def test_a_reflector_that_names_no_stack_is_measured() -> None:
    """An old one, or another's, sends the question back as it is."""

    def answer(octets: bytes) -> list[bytes]:
        asked = SenderPacket.decode(octets)
        stamp = asked.timestamp
        reply = ReflectorPacket(
            asked.sequence, stamp, ERROR_UNKNOWN, asked.ssid, stamp, asked.sequence, stamp, asked.error_estimate, 64
        )
        return [reply.encode() + octets[SIZE:]]

    with (
        udp_peer(answer) as port,
        Running("probe", f"--path=a=udp://127.0.0.1:{port}", "--late-limit-ms=10000") as probe,
    ):
        wait_for(lambda: probe.samples()["paths"]["a"]["samples"], what="a sample")


@pytest.mark.parametrize("padding", [b"", b"x", ASK_FOR_STACK[:-1], bytes(12), ASK_FOR_STACK, ASK_FOR_STACK + b"more"])
def test_the_answer_to_the_question_is_as_long(padding: bytes) -> None:
    """So nothing is amplified; what is no question comes back as it was."""
    answer = name_stack(padding, 0x123456789A)
    assert len(answer) == len(padding)
    asked = padding.startswith(ASK_FOR_STACK)
    assert named_stack(answer) == (0x123456789A if asked else 0)
    assert asked or answer == padding


def test_the_question_is_a_tlv_of_rfc_8972() -> None:
    """Flag U alone, a type for private use, and the length of the value."""
    flags, kind, length = struct.unpack_from("!BBH", ASK_FOR_STACK)
    assert (flags, length) == (0x80, len(ASK_FOR_STACK) - 4)
    assert 252 <= kind <= 254


def test_a_stack_has_one_name() -> None:
    """Of 40 bits, and not zero, which says nothing."""
    assert 0 < network_stack() < 2**40


@pytest.mark.root
@pytest.mark.usefixtures("wire")
@pytest.mark.parametrize("protocol", ["udp", "tcp"])
def test_ipv6_alone_between_two_stacks(protocol: str) -> None:
    """On one kernel, as nodes in containers are: this is a path, and IPv6 is all that it has."""
    with reflecting(f"--{protocol}=[fd00::12]:8620", prefix=IN_FAR) as reflector:
        assert reflector.endpoints[0] == "[fd00::12]:8620"
        path = f"a={protocol}://{reflector.endpoints[0]}?rate_hz=100"
        record = ("--json=/dev/stdout", "--duration-s=4", "--late-limit-ms=10000")
        done = subprocess.run(
            [*IN_NEAR, *DETNET, "probe", f"--path={path}", *record],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    answered = [line for line in done.stdout.splitlines() if '"rtt_ms": null' not in line]
    assert len(answered) > 150, done.stderr


@pytest.mark.root
@pytest.mark.usefixtures("wire")
def test_a_way_that_comes_back_is_found() -> None:
    """From the host's own address to itself, as a wrong inventory says."""
    with reflecting("--udp=[::]:8620", prefix=IN_FAR):
        done = subprocess.run(
            [*IN_FAR, *DETNET, "probe", "--path=a=udp://[fd00::12]:8620", "--duration-s=1"],
            capture_output=True,
            text=True,
            check=True,
            timeout=30,
        )
    assert f"path a: not measured: {SAME_HOST}" in done.stderr

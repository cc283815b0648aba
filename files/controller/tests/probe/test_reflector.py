"""The reflector answers requests with as many octets as it got, and nothing else ever."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace

import pytest

from detnet.model.errors import UserError
from detnet.probe import reflector as reflector_module
from detnet.probe.packet import ERROR_UNKNOWN, SIZE, ReflectorPacket, SenderPacket, from_ns, to_ns
from detnet.probe.reflector import Reflector, answer_until
from support import wait_for

REQUEST = SenderPacket(sequence=41, timestamp=0x0123456789ABCDEF, error_estimate=0x8105, ssid=0xBEEF)


@pytest.fixture
def reflector() -> Iterator[Reflector]:
    """A reflector in a thread, on loopback and both protocols, UDP over IPv6 too."""
    running = Reflector([("127.0.0.1", 0), ("::1", 0)], [("127.0.0.1", 0)])
    stop = threading.Event()
    thread = threading.Thread(target=answer_until, args=(running, stop))
    thread.start()
    yield running
    stop.set()
    thread.join()
    running.close()


@pytest.fixture
def client(reflector: Reflector) -> Iterator[socket.socket]:
    """A UDP socket that talks to it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
        client.connect(reflector.endpoints["udp"][0])
        client.settimeout(5)
        yield client


def test_answer_echoes_the_request_and_brackets_it_in_time(client: socket.socket) -> None:
    """Echoed fields are unchanged, T2 and T3 lie in order between sending and receiving, the TTL is the one sent."""
    before_ns = time.time_ns()
    client.send(REQUEST.encode())
    reply = ReflectorPacket.decode(client.recv(2048))
    assert (reply.sequence, reply.sender_sequence, reply.ssid) == (41, 41, 0xBEEF)
    assert (reply.sender_timestamp, reply.sender_error_estimate) == (0x0123456789ABCDEF, 0x8105)
    stamps = [to_ns(stamp, reply.error_estimate) for stamp in (reply.receive_timestamp, reply.timestamp)]
    assert before_ns <= stamps[0] <= stamps[1] <= time.time_ns()
    assert reply.sender_ttl == client.getsockopt(socket.IPPROTO_IP, socket.IP_TTL)


def test_ipv6_is_answered(reflector: Reflector) -> None:
    """The same over IPv6, with the hop limit for the TTL."""
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as client:
        client.settimeout(5)
        client.sendto(REQUEST.encode(), reflector.endpoints["udp"][1])
        assert ReflectorPacket.decode(client.recv(2048)).sender_ttl > 0


def test_answer_is_as_long_as_the_request(client: socket.socket) -> None:
    """No amplification, and no less: the way back carries what the way out did."""
    for padding in (b"", b"x", b"y" * 1156):
        client.send(REQUEST.encode() + padding)
        answer = client.recv(2048)
        assert (len(answer), answer[SIZE:]) == (SIZE + len(padding), padding)


def test_garbage_is_counted_and_never_answered(reflector: Reflector, client: socket.socket) -> None:
    """Short, corrupt and reflected packets get no answer; the next request does."""
    reflected = ReflectorPacket(1, from_ns(time.time_ns()), ERROR_UNKNOWN, 1, 1, 1, 1, 1, 1).encode()
    for garbage in (b"", b"hello", bytes(SIZE), b"\xff" * 1200, reflected):
        client.send(garbage)
    client.send(replace(REQUEST, sequence=42).encode())
    assert ReflectorPacket.decode(client.recv(2048)).sequence == 42
    assert reflector.counts["udp", "malformed"] == 5
    wait_for(lambda: reflector.counts["udp", "reflected"] == 1, what="one answer counted")


def test_connections_are_kept_and_frames_reassembled(reflector: Reflector) -> None:
    """Many frames over one connection, however the stream cuts them, beside another connection."""
    with (
        socket.create_connection(reflector.endpoints["tcp"][0], timeout=5) as one,
        socket.create_connection(reflector.endpoints["tcp"][0], timeout=5) as other,
    ):
        one.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        octets = b"".join(replace(REQUEST, sequence=number).encode() for number in range(10))
        for at in range(0, len(octets), 7):
            one.send(octets[at : at + 7])
        answers = one.makefile("rb").read(10 * SIZE)
        got = [ReflectorPacket.decode(answers[at : at + SIZE]).sequence for at in range(0, len(answers), SIZE)]
        assert got == list(range(10))
        other.send(REQUEST.encode())
        assert ReflectorPacket.decode(other.recv(SIZE)).sequence == 41


def test_garbage_ends_its_connection_only(reflector: Reflector) -> None:
    """A stream that is no sequence of frames is closed without an answer."""
    with (
        socket.create_connection(reflector.endpoints["tcp"][0], timeout=5) as good,
        socket.create_connection(reflector.endpoints["tcp"][0], timeout=5) as bad,
    ):
        bad.send(b"GET / HTTP/1.1\r\nHost: reflector.example".ljust(SIZE))
        assert bad.recv(SIZE) == b""
        good.send(REQUEST.encode())
        assert len(good.recv(SIZE)) == SIZE
        assert reflector.counts["tcp", "malformed"] == 1


def test_crowd_of_idle_connections_gives_way(reflector: Reflector, monkeypatch: pytest.MonkeyPatch) -> None:
    """At the limit the longest idle connection is closed; the one that probes is kept."""
    monkeypatch.setattr(reflector_module, "MAX_CONNECTIONS", 3)
    address = reflector.endpoints["tcp"][0]
    with socket.create_connection(address, timeout=5) as busy:
        crowd = []
        for _ in range(6):
            crowd.append(socket.create_connection(address, timeout=5))
            busy.send(REQUEST.encode())
            assert len(busy.recv(SIZE)) == SIZE
        assert crowd[0].recv(1) == b""
        for each in crowd:
            each.close()
    wait_for(lambda: reflector.connections == 0, what="no connection kept")


def test_a_crowd_that_talks_crowds_out_itself_only(reflector: Reflector, monkeypatch: pytest.MonkeyPatch) -> None:
    """More connections of one address than it may have, each of them busier than the probe of another address."""
    monkeypatch.setattr(reflector_module, "MAX_CONNECTIONS", 6)
    monkeypatch.setattr(reflector_module, "MAX_CONNECTIONS_PER_SOURCE", 5)
    address = reflector.endpoints["tcp"][0]
    with socket.create_connection(address, timeout=5, source_address=("127.0.0.2", 0)) as probe:
        crowd = []
        for _ in range(20):
            crowd.append(socket.create_connection(address, timeout=5))
            crowd[-1].send(REQUEST.encode())
            assert len(crowd[-1].recv(SIZE)) == SIZE
        probe.send(REQUEST.encode())
        assert len(probe.recv(SIZE)) == SIZE
        assert reflector.connections == 6
        for each in crowd:
            each.close()
    wait_for(lambda: reflector.connections == 0, what="no connection kept")


def test_port_in_use_is_one_sentence(reflector: Reflector) -> None:
    """Binding what is bound already names protocol and address."""
    host, port = reflector.endpoints["udp"][0]
    with pytest.raises(UserError, match=f"cannot reflect udp on {host}:{port}: Address already in use"):
        Reflector([(host, port)], [])

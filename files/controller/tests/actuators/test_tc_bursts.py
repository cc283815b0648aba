"""What a capped target sends at once, counted on the wire, follows the objective."""

from __future__ import annotations

import socket
import struct
import threading
import time
from collections import deque
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from pyroute2 import netns

from actuators.wire import DEVICE, TARGETS, Wire
from detnet.actuators.tc.actuator import TcActuator
from detnet.actuators.tc.shape import Shape, Timers
from detnet.model.rate import Rate

pytestmark = pytest.mark.root

CAP = Rate.parse("50M")
WINDOW_S = 0.001
_FRAME_BYTES = 1518
_SO_RCVBUFFORCE, _SO_TIMESTAMPNS = 33, 35  # asm-generic/socket.h
_ETH_P_IP = 0x0800
_PORT = 5001
_PIECE_BYTES, _PIECES, _EVERY_S = 150_000, 15, 0.06  # 24 ms at the cap, then a pause in which the bucket fills


def most_at_once(packets: list[tuple[float, int]]) -> int:
    """Return the most bytes that left within ``WINDOW_S``."""
    window: deque[tuple[float, int]] = deque()
    held = most = 0
    for at_s, size in packets:
        window.append((at_s, size))
        held += size
        while window[0][0] <= at_s - WINDOW_S:
            held -= window.popleft()[1]
        most = max(most, held)
    return most


@contextmanager
def capture(wire: Wire) -> Iterator[socket.socket]:
    """Open a socket that gets every packet at the far end, with the time at which the kernel took it from the wire."""
    seen: socket.socket = netns.create_socket(wire.far, socket.AF_PACKET, socket.SOCK_RAW, flags=0)
    with seen:
        seen.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        seen.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 64 << 20)
        seen.bind(("far0", _ETH_P_IP))
        yield seen


def captured(seen: socket.socket) -> list[tuple[float, int]]:
    """Return what waits in the socket: (seconds, bytes of the packet)."""
    packets = []
    seen.settimeout(0)
    while True:
        try:
            packet, ancillary, _, _ = seen.recvmsg(1 << 17, 64)
        except BlockingIOError:
            return packets
        seconds, nanoseconds = struct.unpack("ll", ancillary[0][2])
        packets.append((seconds + nanoseconds * 1e-9, len(packet)))


def send_in_pieces(wire: Wire) -> None:
    """Let telemetry send over TCP, with pauses."""

    def drain(server: socket.socket) -> None:
        connection, _ = server.accept()
        with connection:
            while connection.recv(1 << 20):
                pass

    with netns.create_socket(wire.far, socket.AF_INET, socket.SOCK_STREAM, flags=0) as server:
        server.bind(("10.99.0.2", _PORT))
        server.listen()
        reader = threading.Thread(target=drain, args=[server])
        reader.start()
        with netns.create_socket(wire.near, socket.AF_INET, socket.SOCK_STREAM, flags=0) as sender:
            sender.bind(("10.99.0.3", 0))
            sender.connect(("10.99.0.2", _PORT))
            for _ in range(_PIECES):
                sender.sendall(bytes(_PIECE_BYTES))
                time.sleep(_EVERY_S)
        reader.join()


def most_on_the_wire(wire: Wire, objective_s: float | None) -> int:
    """Return the most bytes within a millisecond under the cap."""
    actuator = TcActuator(DEVICE, TARGETS, netns=wire.near, objective_s=objective_s)
    actuator.apply({"telemetry": CAP})
    actuator.close()
    with capture(wire) as seen:
        send_in_pieces(wire)
        packets = captured(seen)
    assert sum(size for _, size in packets) > _PIECES * _PIECE_BYTES
    return most_at_once(packets)


def test_a_tight_objective_keeps_bursts_small(wire: Wire) -> None:
    """Within 1 ms pass the cap's own bytes, the bucket and one packet that fits the splitter, and never a super-packet.

    Without an objective of delay the same sender puts several times that on the wire.
    """
    shape = Shape.of(CAP.bps // 8, _FRAME_BYTES, Timers.of_kernel().burst_s(0.002))
    splitter_bytes = 2 * 4123  # its bucket, in steps; see shape.py
    tight_bytes = most_on_the_wire(wire, 0.002)
    assert tight_bytes <= CAP.bps / 8 * WINDOW_S + shape.burst_bytes + splitter_bytes
    assert most_on_the_wire(wire, None) > 1.5 * tight_bytes

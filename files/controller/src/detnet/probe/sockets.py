"""Sockets that stamp what they receive, and the clocks to which those stamps belong.

The kernel stamps received packets with CLOCK_REALTIME only, so round trips are differences of that clock.
CLOCK_MONOTONIC is read around it: when the two disagree about how long a round trip took, somebody set the wall clock.
"""

from __future__ import annotations

import contextlib
import functools
import hashlib
import socket
import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IP_RECVERR, IPV6_RECVERR, IP_RECVTTL = 11, 25, 12  # <linux/in.h>, <linux/in6.h>; absent from Python's socket module
_ANCILLARY_SIZE = 128  # a time stamp and a TTL
_ERROR_SIZE = 512  # a struct sock_extended_err with its address, ip(7)
_INT = struct.Struct("@i")
MAX_DATAGRAM = 65535
BATCH = 64  # packets read from one socket before others, or the schedule, get their turn

# <linux/asm-generic/socket.h>; absent from Python's socket module. It names both the option and the control message.
SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")

# What disciplined clocks may differ by over a round trip: chrony slews by 1/12 at most (chrony.conf, maxslewrate); the
# constant covers the reading itself. A smaller step is not seen and falsifies the round trip by no more than this.
_SLEW = 0.1
_READING_NS = 100_000

Address = tuple[Any, ...]
Ancillary = Iterable[tuple[int, int, bytes]]


@dataclass(frozen=True, slots=True)
class Received:
    """One datagram or piece of a stream; ``arrived_ns`` is the kernel's CLOCK_REALTIME, None when it gave none."""

    octets: bytes
    address: Address
    arrived_ns: int | None
    ttl: int


@functools.cache
def network_stack() -> int:
    """Return 40 bits that are the same for all who share this network stack, and most likely for nobody else.

    A stack is a network namespace of one boot of a kernel; packets between two ends in one stack cross no network. 0
    means that it cannot be told. A hash, because the boot's own identifier is nobody's business.
    """
    try:
        boot = Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
        namespace = Path("/proc/self/ns/net").stat().st_ino
    except OSError:
        return 0
    return int.from_bytes(hashlib.sha256(f"{boot} {namespace}".encode()).digest()[:5], "big")


def open_socket(family: int, kind: int, *, dscp: int = 0) -> socket.socket:
    """Return a non-blocking socket that stamps what it receives and marks what it sends (``dscp``: RFC 2474, 0 to 63).

    Raises:
        OSError: as of socket(2).
    """
    opened = socket.socket(family, kind)
    opened.setblocking(False)  # noqa: FBT003 - positional only
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    if kind == socket.SOCK_STREAM:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    # A socket of IPv6 on :: has IPv4's packets too, and those heed IPv4's options only.
    families = (socket.AF_INET, socket.AF_INET6) if family == socket.AF_INET6 else (socket.AF_INET,)
    for level, mark, ttl in (_MARK_AND_TTL[each] for each in families):
        if dscp:
            opened.setsockopt(level, mark, dscp << 2)
        if kind == socket.SOCK_DGRAM:
            opened.setsockopt(level, ttl, 1)
    return opened


_MARK_AND_TTL = {
    socket.AF_INET: (socket.IPPROTO_IP, socket.IP_TOS, IP_RECVTTL),
    socket.AF_INET6: (socket.IPPROTO_IPV6, socket.IPV6_TCLASS, socket.IPV6_RECVHOPLIMIT),
}


def report_errors(opened: socket.socket) -> None:
    """Let an unconnected UDP socket learn of ICMP errors (ip(7), IP_RECVERR), as a connected one does.

    Unconnected, because a connected socket hides answers from a wrong peer, which we count.
    """
    if opened.family == socket.AF_INET6:
        opened.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        opened.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def drain_errors(opened: socket.socket) -> None:
    """Empty the error queue, which otherwise keeps the socket readable for ever."""
    with contextlib.suppress(OSError):
        while True:
            opened.recvmsg(0, _ERROR_SIZE, socket.MSG_ERRQUEUE)


def receive(opened: socket.socket, size: int) -> Received:
    """Read once, up to ``size`` octets.

    Raises:
        OSError: as of recvmsg(2); BlockingIOError when there is nothing to read.
    """
    octets, ancillary, _, address = opened.recvmsg(size, _ANCILLARY_SIZE)
    return Received(octets, address, kernel_stamp_ns(ancillary), _ttl(ancillary))


def _ttl(ancillary: Ancillary) -> int:
    for level, kind, data in ancillary:
        if (level, kind) in ((socket.IPPROTO_IP, socket.IP_TTL), (socket.IPPROTO_IPV6, socket.IPV6_HOPLIMIT)):
            return int(_INT.unpack_from(data)[0])
    return 0


def kernel_stamp_ns(ancillary: Ancillary) -> int | None:
    """Return the kernel's receive stamp (CLOCK_REALTIME, ns) out of recvmsg's control messages, if it is there."""
    for _, kind, data in ancillary:
        if kind == SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, ns = _TIMESPEC.unpack_from(data)
            return int(seconds) * 10**9 + int(ns)
    return None


@dataclass(frozen=True, slots=True)
class Reading:
    """CLOCK_REALTIME, read between two readings of CLOCK_MONOTONIC; all in ns."""

    before_ns: int
    real_ns: int
    after_ns: int

    @classmethod
    def now(cls) -> Reading:
        """Read both clocks."""
        return cls(time.monotonic_ns(), time.time_ns(), time.monotonic_ns())


def stepped(sent: Reading, arrived_ns: int, received: Reading) -> bool:
    """Return whether CLOCK_REALTIME was set between two readings, or does not fit the kernel's stamp between them.

    Args:
        sent: the clocks when the packet was sent.
        arrived_ns: CLOCK_REALTIME of the answer's arrival.
        received: the clocks when the answer was read.
    """
    real_ns = received.real_ns - sent.real_ns
    shortest_ns = received.before_ns - sent.after_ns
    longest_ns = received.after_ns - sent.before_ns
    slack_ns = _READING_NS + _SLEW * longest_ns
    fits = shortest_ns - slack_ns <= real_ns <= longest_ns + slack_ns
    return not (fits and sent.real_ns <= arrived_ns <= received.real_ns)

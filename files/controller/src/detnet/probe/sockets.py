"""Sockets that tell when the kernel received what they read, and how to read them."""

from __future__ import annotations

import contextlib
import socket
import struct
from dataclasses import dataclass
from typing import Any

from detnet.probe.clock import SO_TIMESTAMPNS, Ancillary, kernel_stamp_ns

IP_RECVERR, IPV6_RECVERR, IP_RECVTTL = 11, 25, 12  # <linux/in.h>, <linux/in6.h>; absent from Python's socket module
_ANCILLARY_SIZE = 128  # a time stamp and a TTL
_ERROR_SIZE = 512  # a struct sock_extended_err with its address, ip(7)
_INT = struct.Struct("@i")

Address = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Received:
    """One datagram or piece of a stream; ``arrived_ns`` is the kernel's CLOCK_REALTIME, None when it gave none."""

    octets: bytes
    address: Address
    arrived_ns: int | None
    ttl: int


def open_socket(family: int, kind: int, *, dscp: int = 0) -> socket.socket:
    """Return a non-blocking socket that stamps what it receives and marks what it sends (``dscp``: RFC 2474, 0 to 63).

    Raises:
        OSError: as of socket(2).
    """
    opened = socket.socket(family, kind)
    opened.setblocking(False)  # noqa: FBT003 - positional only
    opened.setsockopt(socket.SOL_SOCKET, SO_TIMESTAMPNS, 1)
    six = family == socket.AF_INET6
    level = socket.IPPROTO_IPV6 if six else socket.IPPROTO_IP
    if dscp:
        opened.setsockopt(level, socket.IPV6_TCLASS if six else socket.IP_TOS, dscp << 2)
    if kind == socket.SOCK_STREAM:
        opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    else:
        opened.setsockopt(level, socket.IPV6_RECVHOPLIMIT if six else IP_RECVTTL, 1)
    return opened


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

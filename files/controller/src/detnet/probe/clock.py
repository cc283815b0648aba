"""Reading the clocks of a packet, and noticing when somebody sets one.

The kernel stamps received packets with CLOCK_REALTIME only, so round trips are differences of that clock.
CLOCK_MONOTONIC is read around it: when the two disagree about how long a round trip took, somebody set the wall clock.
"""

from __future__ import annotations

import struct
import time
from collections.abc import Iterable
from dataclasses import dataclass

# <linux/asm-generic/socket.h>; absent from Python's socket module. It names both the option and the control message.
SO_TIMESTAMPNS = 35
_TIMESPEC = struct.Struct("@qq")

# What disciplined clocks may differ by over a round trip: chrony slews by 1/12 at most (chrony.conf, maxslewrate); the
# constant covers the reading itself. A smaller step is not seen and falsifies the round trip by no more than this.
_SLEW = 0.1
_READING_NS = 100_000

Ancillary = Iterable[tuple[int, int, bytes]]


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


def kernel_stamp_ns(ancillary: Ancillary) -> int | None:
    """Return the kernel's receive stamp (CLOCK_REALTIME, ns) out of recvmsg's control messages, if it is there."""
    for _, kind, data in ancillary:
        if kind == SO_TIMESTAMPNS and len(data) >= _TIMESPEC.size:
            seconds, ns = _TIMESPEC.unpack_from(data)
            return int(seconds) * 10**9 + int(ns)
    return None

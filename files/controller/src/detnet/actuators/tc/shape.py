"""How large a class's token bucket and queue are for a cap.

The class itself is HTB. Its queue is TBF, at a rate that never binds, because TBF alone of the common qdiscs splits
super-packets (GSO: up to 64 KiB at once) into frames. Behind a plain FIFO a cap of 50 Mbit/s still put 43 frames back
to back on a 100 Mbit/s link, and critical packets waited 5 ms behind them; and a queue shorter than one super-packet
dropped all of them, so that TCP got 0.2 of 5 Mbit/s. See docs/reference/actuators.md for the measurements.
"""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path

from detnet.actuators.base import ActuationError

# A burst drains at the bottleneck in at most the time in which the cap sends it, and so do all bursts together, since
# the budget does not stay above the bottleneck. So this share of the objective is what bursts may take of it.
_OBJECTIVE_SHARE = 0.25
_CLOCK_MONOTONIC_COARSE = 6  # linux/time.h: advances at each tick of the kernel, so that its resolution is 1/HZ
_PSCHED = Path("/proc/net/psched")
# Above it the kernel takes a quantum for a mistake (net/sched/sch_htb.c).
_MOST_QUANTUM_BYTES = 200_000
# Best effort's own delay under its cap: long enough for TCP to fill the cap, short enough to stay responsive.
_QUEUE_S = 0.030
_LEAST_QUEUE_FRAMES = 16
_MOST_QUEUE_BYTES = 32 * 2**20

# TBF's rate field has 32 bits (byte/s); pyroute2 makes its bucket from whole microseconds at that rate, and one holds
# 4123 bytes (15 ticks of 64 ns). A super-packet that fits into the bucket is not split.
SPLITTER_BYTEPS = 2**32 - 1
_SPLITTER_STEP_BYTES = 4123


@dataclass(frozen=True, slots=True)
class Timers:
    """What the kernel can do in time: ``resolution_s`` of the qdiscs' timer, and ``tick_s`` (1/HZ) of its scheduler."""

    resolution_s: float
    tick_s: float

    @classmethod
    def of_kernel(cls) -> Timers:
        """Ask this kernel.

        Raises:
            ActuationError: it does not tell.
        """
        try:
            # The fourth number is the timer's events a second (net/sched/sch_api.c): 10^9 with hrtimers, else HZ.
            events_per_s = int(_PSCHED.read_text().split()[3], 16)
        except (OSError, IndexError, ValueError) as error:
            raise ActuationError(f"{_PSCHED} does not tell the resolution of the kernel's timer: {error}") from error
        return cls(1.0 / events_per_s, time.clock_getres(_CLOCK_MONOTONIC_COARSE))

    def burst_s(self, objective_s: float | None) -> float:
        """Return the time whose bytes a class may send at once, for the tightest objective of delay (s), or none.

        At least what is sent between two events of the timer, or the cap would not be met (tc-htb(8), notes). At most a
        tick, by which a busy kernel is late. Between the two, as much as the objective allows.
        """
        allowed_s = self.tick_s if objective_s is None else min(objective_s * _OBJECTIVE_SHARE, self.tick_s)
        return max(self.resolution_s, allowed_s)


@dataclass(frozen=True, slots=True)
class Shape:
    """One class's sizes: token bucket, quantum, most bytes waiting, and the splitter's bucket as pyroute2 wants it."""

    rate_byteps: int
    burst_bytes: int
    quantum_bytes: int
    queue_bytes: int
    splitter_burst_bytes: int

    @classmethod
    def of(cls, rate_byteps: int, frame_bytes: int, burst_s: float) -> Shape:
        """Return the shape for a rate on a device with frames of up to ``frame_bytes``; see ``Timers.burst_s``."""
        burst_bytes = max(int(rate_byteps * burst_s), 2 * frame_bytes)
        queue_bytes = max(int(rate_byteps * _QUEUE_S), _LEAST_QUEUE_FRAMES * frame_bytes)
        splitter_us = min(burst_bytes, _MOST_QUEUE_BYTES) // _SPLITTER_STEP_BYTES + 1
        return cls(
            rate_byteps=rate_byteps,
            burst_bytes=burst_bytes,
            # Targets that may send at the same time take turns of a burst.
            quantum_bytes=min(burst_bytes, max(_MOST_QUANTUM_BYTES, frame_bytes)),
            queue_bytes=min(queue_bytes, _MOST_QUEUE_BYTES),
            splitter_burst_bytes=splitter_us * SPLITTER_BYTEPS // 1_000_000 + 1,
        )

"""How large a class's token bucket and queue are for a cap.

The class itself is HTB. Its queue is TBF, at a rate that never binds, because TBF alone of the common qdiscs splits
super-packets (GSO: up to 64 KiB at once) into frames. Behind a plain FIFO a cap of 50 Mbit/s still put 43 frames back
to back on a 100 Mbit/s link, and critical packets waited 5 ms behind them; and a queue shorter than one super-packet
dropped all of them, so that TCP got 0.2 of 5 Mbit/s. See docs/reference/actuators.md for the measurements.
"""

from __future__ import annotations

from dataclasses import dataclass

# tc-htb(8), notes: the burst must hold what the rate sends between two timer events. With 0.5 ms, 5 to 1000 Mbit/s were
# met within 2 % and critical packets kept a p95 of 0.15 ms beside 90 of 100 Mbit/s; with 1 ms it was 0.5 ms.
_BURST_S = 0.0005
# Best effort's own delay under its cap: long enough for TCP to fill the cap, short enough to stay responsive.
_QUEUE_S = 0.030
_LEAST_QUEUE_FRAMES = 16
_MOST_QUEUE_BYTES = 32 * 2**20

# TBF's rate field has 32 bits (byte/s); pyroute2 makes its bucket from whole microseconds at that rate, and one holds
# 4123 bytes (15 ticks of 64 ns). A super-packet that fits into the bucket is not split.
SPLITTER_BYTEPS = 2**32 - 1
_SPLITTER_STEP_BYTES = 4123


@dataclass(frozen=True, slots=True)
class Shape:
    """One class's sizes: token bucket, most bytes waiting, and the splitter's bucket as pyroute2 wants it."""

    rate_byteps: int
    burst_bytes: int
    queue_bytes: int
    splitter_burst_bytes: int

    @classmethod
    def of(cls, rate_byteps: int, frame_bytes: int) -> Shape:
        """Return the shape for a rate on a device with frames of up to ``frame_bytes``."""
        burst_bytes = max(int(rate_byteps * _BURST_S), 2 * frame_bytes)
        queue_bytes = max(int(rate_byteps * _QUEUE_S), _LEAST_QUEUE_FRAMES * frame_bytes)
        splitter_us = min(burst_bytes, _MOST_QUEUE_BYTES) // _SPLITTER_STEP_BYTES + 1
        return cls(
            rate_byteps=rate_byteps,
            burst_bytes=burst_bytes,
            queue_bytes=min(queue_bytes, _MOST_QUEUE_BYTES),
            splitter_burst_bytes=splitter_us * SPLITTER_BYTEPS // 1_000_000 + 1,
        )

"""The sizes of a class's bucket and queue hold for every cap and device."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from detnet.actuators.tc.shape import SPLITTER_BYTEPS, Shape

RATES = st.integers(125_000, 12_500_000_000_000)
FRAMES = st.integers(86, 65_554)
TICK_S = 64e-9  # linux/net/pkt_sched.h: PSCHED_SHIFT 6


@given(RATES, FRAMES)
def test_every_frame_passes_the_splitter(rate_byteps: int, frame_bytes: int) -> None:
    """TBF drops what is larger than its bucket and cannot be split, after rounding to microseconds and ticks."""
    shape = Shape.of(rate_byteps, frame_bytes)
    bucket_us = int(1e6 * shape.splitter_burst_bytes / SPLITTER_BYTEPS)
    assert int(bucket_us * 1e-6 / TICK_S) * TICK_S * SPLITTER_BYTEPS >= min(frame_bytes, 2**20)


@given(RATES, FRAMES)
def test_the_sizes_fit_what_the_kernel_takes(rate_byteps: int, frame_bytes: int) -> None:
    """Buckets and limits are 32 bits wide on the wire."""
    shape = Shape.of(rate_byteps, frame_bytes)
    assert shape.splitter_burst_bytes / SPLITTER_BYTEPS / TICK_S < 2**32
    assert shape.burst_bytes / rate_byteps / TICK_S < 2**32
    assert 16 * frame_bytes <= shape.queue_bytes < 2**31


@given(st.integers(2_000_000, 1_000_000_000))
def test_the_queue_keeps_best_effort_responsive(rate_byteps: int) -> None:
    """30 ms at the cap, from 16 to 8000 Mbit/s on Ethernet."""
    assert abs(Shape.of(rate_byteps, 1518).queue_bytes / rate_byteps - 0.030) < 0.0001

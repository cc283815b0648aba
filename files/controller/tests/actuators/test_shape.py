"""The sizes of a class's bucket and queue hold for every cap and device."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.actuators.tc.actuator import TcActuator
from detnet.actuators.tc.shape import SPLITTER_BYTEPS, Shape, Timers
from detnet.config.models import Settings
from detnet.runtime.build import build_actuator

RATES = st.integers(125_000, 12_500_000_000_000)
FRAMES = st.integers(86, 65_554)
BURSTS_S = st.floats(1e-9, 0.01)
OBJECTIVES_S = st.none() | st.floats(1e-5, 10.0)
TIMERS = st.builds(Timers, st.sampled_from([1e-9, 0.001, 0.004, 0.01]), st.sampled_from([0.001, 0.004, 0.01]))
TICK_S = 64e-9  # linux/net/pkt_sched.h: PSCHED_SHIFT 6


@given(RATES, FRAMES, BURSTS_S)
def test_every_frame_passes_the_splitter(rate_byteps: int, frame_bytes: int, burst_s: float) -> None:
    """TBF drops what is larger than its bucket and cannot be split, after rounding to microseconds and ticks."""
    shape = Shape.of(rate_byteps, frame_bytes, burst_s)
    bucket_us = int(1e6 * shape.splitter_burst_bytes / SPLITTER_BYTEPS)
    assert int(bucket_us * 1e-6 / TICK_S) * TICK_S * SPLITTER_BYTEPS >= min(frame_bytes, 2**20)


@given(RATES, FRAMES, BURSTS_S)
def test_the_sizes_fit_what_the_kernel_takes(rate_byteps: int, frame_bytes: int, burst_s: float) -> None:
    """Buckets and limits are 32 bits wide on the wire; a quantum below a frame would let a class wait for two turns."""
    shape = Shape.of(rate_byteps, frame_bytes, burst_s)
    assert frame_bytes <= shape.quantum_bytes <= 200_000
    assert shape.splitter_burst_bytes / SPLITTER_BYTEPS / TICK_S < 2**32
    assert shape.burst_bytes / rate_byteps / TICK_S < 2**32
    assert 16 * frame_bytes <= shape.queue_bytes < 2**31


@given(st.integers(2_000_000, 1_000_000_000))
def test_the_queue_keeps_best_effort_responsive(rate_byteps: int) -> None:
    """30 ms at the cap, from 16 to 8000 Mbit/s on Ethernet."""
    assert abs(Shape.of(rate_byteps, 1518, 0.0005).queue_bytes / rate_byteps - 0.030) < 0.0001


@given(RATES, FRAMES, TIMERS, OBJECTIVES_S)
def test_a_burst_leaves_room_for_the_objective(
    rate_byteps: int, frame_bytes: int, timers: Timers, objective_s: float | None
) -> None:
    """A quarter of it at the cap, unless two frames or what must be sent between two timer events take longer."""
    burst_bytes = Shape.of(rate_byteps, frame_bytes, timers.burst_s(objective_s)).burst_bytes
    allowed_s = max(timers.resolution_s, (objective_s or 1e9) / 4)
    assert burst_bytes <= max(allowed_s * rate_byteps, 2 * frame_bytes)


@given(RATES, FRAMES, TIMERS, OBJECTIVES_S)
def test_a_burst_holds_what_is_sent_between_two_timer_events(
    rate_byteps: int, frame_bytes: int, timers: Timers, objective_s: float | None
) -> None:
    """Or the cap could not be met, however tight the objective is."""
    burst_bytes = Shape.of(rate_byteps, frame_bytes, timers.burst_s(objective_s)).burst_bytes
    assert burst_bytes >= int(timers.resolution_s * rate_byteps)


def test_this_kernel_tells_its_timers() -> None:
    """A tick lasts from 1 to 10 ms on every kernel that is built (HZ 100 to 1000), and no timer is coarser."""
    timers = Timers.of_kernel()
    assert 0.001 <= timers.tick_s <= 0.010
    assert 0 < timers.resolution_s <= timers.tick_s


def test_bursts_grow_with_the_objective_up_to_a_tick() -> None:
    """With high-resolution timers and HZ 250."""
    timers = Timers(1e-9, 0.004)
    assert [timers.burst_s(objective_s) for objective_s in (0.0004, 0.002, 0.010, 0.1, None)] == [
        0.0001, 0.0005, 0.0025, 0.004, 0.004,
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("objectives", "tightest_s"),
    [
        ([{"workload": "a", "jitter": "2ms"}, {"workload": "b", "latency": "0.8ms"}], 0.0008),
        ([{"workload": "a", "jitter": "3ms", "latency": "9ms"}, {"workload": "b", "loss": "1%"}], 0.003),
        ([{"workload": "a", "loss": "1%"}], None),
    ],
)
def test_the_tightest_objective_of_delay_counts(objectives: list[dict[str, str]], tightest_s: float | None) -> None:
    """Of all workloads and of both figures; loss is no delay."""
    targets = [{"name": "upload", "match": {"source": "10.0.0.1"}}]
    actuator = build_actuator(
        Settings.model_validate(
            {"actuator": {"kind": "tc", "device": "eth0"}, "objectives": objectives, "targets": targets}
        )
    )
    assert isinstance(actuator, TcActuator)
    assert actuator._burst_s == Timers.of_kernel().burst_s(tightest_s)

"""Probes are due at a steady rate, however late the loop was."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.probe.pacing import Schedule, starts_ns

MS = 10**6


def test_slots_do_not_drift() -> None:
    """After a hundred thousand probes at 30 Hz the schedule is where it should be to the nanosecond."""
    schedule = Schedule(start_ns=1000, rate_hz=30.0)
    for _ in range(10**5):
        schedule.take(schedule.due_ns)
    assert schedule.due_ns == pytest.approx(1000 + 10**5 / 30 * 1e9, abs=1)


@given(st.floats(0.1, 1000), st.lists(st.integers(0, 10**9), max_size=50))
def test_every_slot_is_used_or_missed(rate_hz: float, delays_ns: list[int]) -> None:
    """A late loop uses the newest slot and counts the others; none is used twice, none is in the future."""
    schedule, used, slots = Schedule(start_ns=0, rate_hz=rate_hz), [], 0
    for delay_ns in delays_ns:
        now_ns = schedule.due_ns + delay_ns
        due_ns, missed = schedule.take(now_ns)
        slots += 1 + missed
        used.append(due_ns)
        assert due_ns <= now_ns
        assert now_ns - due_ns <= 1e9 / rate_hz + 1
    assert used == sorted(set(used))
    assert schedule.due_ns == round(slots * 1e9 / rate_hz)


def test_paths_of_one_rate_never_fire_together() -> None:
    """Four paths at 200 Hz keep 1.25 ms from each other, also around the end of the period."""
    offsets = sorted(start % (5 * MS) for start in starts_ns([200.0] * 4, now_ns=0, share=0.7))
    gaps = [later - earlier for earlier, later in zip(offsets, [*offsets[1:], offsets[0] + 5 * MS], strict=True)]
    assert gaps == pytest.approx([1.25 * MS] * 4)

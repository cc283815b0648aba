"""However many events there are, a cluster is written to at a bounded rate and every event is counted once."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from detnet.kubernetes.events.event_queue import EventQueue, EventRates, QueuedEvent, TokenBucket
from detnet.kubernetes.events.reasons import Reason, Subject, WorkloadEvent
from detnet.kubernetes.objects.workloads import Ref

START = datetime(2026, 1, 1, tzinfo=UTC)
RATES = EventRates(every_s=30.0, burst=5, per_s=0.5)


def event(number: int, reason: Reason = Reason.THROTTLED, message: str = "cut") -> WorkloadEvent:
    """Return an event of workload number ``number``."""
    return WorkloadEvent(Subject(Ref("Deployment", "robot-factory", f"d{number}"), f"uid-{number}"), reason, message)


@given(
    st.lists(st.tuples(st.floats(0.0, 20.0), st.integers(0, 9), st.sampled_from(Reason)), max_size=120),
    st.sampled_from(["works", "fails"]),
)
def test_any_storm_is_written_at_a_bounded_rate(storm: list[tuple[float, int, Reason]], cluster: str) -> None:
    """Never more than the rates allow, never one entry twice in its time, and every event is accounted for."""
    events, bucket, now_s = EventQueue(RATES), TokenBucket(RATES, 0.0), 0.0
    writes: list[tuple[float, WorkloadEvent, int]] = []
    added = Counter[str]()
    for pause_s, number, reason in storm:
        now_s += pause_s
        assert events.add(event(number, reason), START + timedelta(seconds=now_s))
        added[f"uid-{number}"] += 1
        while bucket.wait_s(now_s) == 0.0 and isinstance(entry := events.next_due(now_s), QueuedEvent):
            taken = events.take(entry, now_s)
            bucket.spend()
            if cluster == "fails":
                events.put_back(entry, taken)
            writes.append((now_s, taken.event, 0 if cluster == "fails" else taken.count))
    assert len(writes) <= RATES.burst + RATES.per_s * now_s + 1
    by_entry: dict[tuple[str, Reason], list[float]] = {}
    for at_s, one, _ in writes:
        by_entry.setdefault((one.subject.uid, one.reason), []).append(at_s)
    assert all(b - a >= RATES.every_s for times in by_entry.values() for a, b in pairwise(times))
    waiting = sum(entry.waiting.count for entry in events._entries.values() if entry.waiting is not None)
    assert sum(times for _, _, times in writes) + waiting == added.total()


def test_what_waits_is_one_series_with_the_last_message() -> None:
    """Events of one workload for one reason are added up, from the first moment to the last."""
    events = EventQueue(RATES)
    for second, message in enumerate(("first", "second", "third")):
        events.add(event(1, message=message), START + timedelta(seconds=second))
    entry = events.next_due(0.0)
    assert isinstance(entry, QueuedEvent)
    taken = events.take(entry, 0.0)
    assert (taken.count, taken.event.message) == (3, "third")
    assert (taken.first, taken.last) == (START, START + timedelta(seconds=2))
    with pytest.raises(ValueError, match="nothing waits"):
        events.take(entry, 0.0)


def test_what_failed_waits_on_with_what_came_since() -> None:
    """A write that fails loses nothing."""
    events = EventQueue(RATES)
    events.add(event(1, message="old"), START)
    entry = events.next_due(0.0)
    assert isinstance(entry, QueuedEvent)
    taken = events.take(entry, 0.0)
    events.add(event(1, message="new"), START + timedelta(seconds=5))
    events.put_back(entry, taken)
    assert events.next_due(0.0) == RATES.every_s
    again = events.take(entry, RATES.every_s)
    assert (again.count, again.event.message, again.first) == (2, "new", START)


def test_there_is_room_for_so_many_and_idle_ones_make_way() -> None:
    """The memory is bounded: a new entry is refused while all wait, and takes the place of one that is written."""
    events = EventQueue(RATES, most=2)
    assert [events.add(event(number), START) for number in (1, 2, 3)] == [True, True, False]
    entry = events.next_due(0.0)
    assert isinstance(entry, QueuedEvent)
    events.take(entry, 0.0)
    assert [events.add(event(number), START) for number in (3, 4)] == [True, False]

"""However much there is to tell, a cluster is written to at a bounded pace and nothing is told that was not."""

from __future__ import annotations

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import hypothesis.strategies as st
import pytest
from hypothesis import given

from detnet.kubernetes.events.event_queue import EventQueue, EventRates, QueuedEvent, TokenBucket
from detnet.kubernetes.events.reasons import Notice, Reason, Subject
from detnet.kubernetes.objects.workloads import Ref

START = datetime(2026, 1, 1, tzinfo=UTC)
PACE = EventRates(every_s=30.0, burst=5, per_s=0.5)


def notice(number: int, reason: Reason = Reason.THROTTLED, message: str = "cut") -> Notice:
    """Return a telling about workload number ``number``."""
    return Notice(Subject(Ref("Deployment", "robot-factory", f"d{number}"), f"uid-{number}"), reason, message)


@given(
    st.lists(st.tuples(st.floats(0.0, 20.0), st.integers(0, 9), st.sampled_from(Reason)), max_size=120),
    st.sampled_from(["works", "fails"]),
)
def test_any_storm_is_written_at_a_bounded_pace(storm: list[tuple[float, int, Reason]], cluster: str) -> None:
    """Never more than burst and pace, never one entry twice in its time, and every telling is accounted for."""
    events, budget, now_s = EventQueue(PACE), TokenBucket(PACE, 0.0), 0.0
    writes: list[tuple[float, Notice, int]] = []
    told = Counter[str]()
    for pause_s, number, reason in storm:
        now_s += pause_s
        assert events.add(notice(number, reason), START + timedelta(seconds=now_s))
        told[f"uid-{number}"] += 1
        while budget.wait_s(now_s) == 0.0 and isinstance(entry := events.next_due(now_s), QueuedEvent):
            taken = events.take(entry, now_s)
            budget.spend()
            if cluster == "fails":
                events.put_back(entry, taken)
            writes.append((now_s, taken.notice, 0 if cluster == "fails" else taken.times))
    assert len(writes) <= PACE.burst + PACE.per_s * now_s + 1
    by_entry: dict[tuple[str, Reason], list[float]] = {}
    for at_s, one, _ in writes:
        by_entry.setdefault((one.subject.uid, one.reason), []).append(at_s)
    assert all(b - a >= PACE.every_s for times in by_entry.values() for a, b in pairwise(times))
    waiting = sum(entry.waiting.times for entry in events._entries.values() if entry.waiting is not None)
    assert sum(times for _, _, times in writes) + waiting == told.total()


def test_what_waits_is_one_happening_with_the_last_sentence() -> None:
    """Tellings of one workload for one reason are added up, from the first moment to the last."""
    events = EventQueue(PACE)
    for second, message in enumerate(("first", "second", "third")):
        events.add(notice(1, message=message), START + timedelta(seconds=second))
    entry = events.next_due(0.0)
    assert isinstance(entry, QueuedEvent)
    taken = events.take(entry, 0.0)
    assert (taken.times, taken.notice.message) == (3, "third")
    assert (taken.first, taken.last) == (START, START + timedelta(seconds=2))
    with pytest.raises(ValueError, match="nothing waits"):
        events.take(entry, 0.0)


def test_what_failed_waits_on_with_what_came_since() -> None:
    """A write that fails loses nothing."""
    events = EventQueue(PACE)
    events.add(notice(1, message="old"), START)
    entry = events.next_due(0.0)
    assert isinstance(entry, QueuedEvent)
    taken = events.take(entry, 0.0)
    events.add(notice(1, message="new"), START + timedelta(seconds=5))
    events.put_back(entry, taken)
    assert events.next_due(0.0) == PACE.every_s
    again = events.take(entry, PACE.every_s)
    assert (again.times, again.notice.message, again.first) == (2, "new", START)


def test_there_is_room_for_so_many_and_idle_ones_make_way() -> None:
    """The memory is bounded: a new entry is refused while all wait, and takes the place of one that is told."""
    events = EventQueue(PACE, most=2)
    assert [events.add(notice(number), START) for number in (1, 2, 3)] == [True, True, False]
    entry = events.next_due(0.0)
    assert isinstance(entry, QueuedEvent)
    events.take(entry, 0.0)
    assert [events.add(notice(number), START) for number in (3, 4)] == [True, False]

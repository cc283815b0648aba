"""Which Events wait to be written and when they are due: rate-limited, and bounded in number.

All events of one workload for one reason are one entry, so that a storm makes counts grow and nothing else. Pure: times
are arguments, in monotonic seconds.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from math import inf

from detnet.kubernetes.events.event_series import EventSeries
from detnet.kubernetes.events.reasons import Reason, WorkloadEvent

MOST_ENTRIES = 2_000
_ROUNDING = 1e-9


@dataclass(frozen=True, slots=True)
class EventRates:
    """``every_s`` seconds between two writes of one entry; ``burst`` writes at once, ``per_s`` in the long run."""

    every_s: float = 30.0
    burst: int = 50
    per_s: float = 5.0


class TokenBucket:
    """A token bucket for all writes together."""

    def __init__(self, rates: EventRates, now_s: float) -> None:
        self._rates = rates
        self._tokens = float(rates.burst)
        self._at_s = now_s

    def wait_s(self, now_s: float) -> float:
        """Return the seconds until a write is allowed; 0: now."""
        self._tokens = min(float(self._rates.burst), self._tokens + (now_s - self._at_s) * self._rates.per_s)
        self._at_s = now_s
        missing = 1.0 - self._tokens
        return 0.0 if missing < _ROUNDING else missing / self._rates.per_s

    def spend(self) -> None:
        """A write is made."""
        self._tokens -= 1.0


@dataclass(slots=True)
class QueuedEvent:
    """One workload and reason: what waits, when it may be written, and the count of its Event once that is known."""

    waiting: EventSeries | None = None
    due_s: float = -inf
    count: int | None = None


class EventQueue:
    """The entries, at most ``most`` of them; those of which nothing waits make room."""

    def __init__(self, rates: EventRates, most: int = MOST_ENTRIES) -> None:
        self._rates = rates
        self._most = most
        self._entries: dict[tuple[str, Reason], QueuedEvent] = {}

    def add(self, event: WorkloadEvent, at: datetime) -> bool:
        """Add an event to its entry; return false if there is no room for one more entry."""
        key = (event.subject.uid, event.reason)
        if key not in self._entries and not self._has_room():
            return False
        entry = self._entries.setdefault(key, QueuedEvent())
        self._merge(entry, EventSeries(event, 1, at, at))
        return True

    def next_due(self, now_s: float) -> QueuedEvent | float:
        """Return the entry to write now, else the seconds until there is one (infinite: nothing waits)."""
        waiting = [entry for entry in self._entries.values() if entry.waiting is not None]
        if not waiting:
            return inf
        soonest = min(waiting, key=lambda entry: entry.due_s)
        return soonest if soonest.due_s <= now_s else soonest.due_s - now_s

    def take(self, entry: QueuedEvent, now_s: float) -> EventSeries:
        """Take what waits, to write it.

        Raises:
            ValueError: nothing waits.
        """
        if entry.waiting is None:
            raise ValueError("nothing waits to be written")
        taken, entry.waiting, entry.due_s = entry.waiting, None, now_s + self._rates.every_s
        return taken

    def put_back(self, entry: QueuedEvent, taken: EventSeries) -> None:
        """What was taken could not be written: it waits on, with what has come since."""
        newer, entry.waiting = entry.waiting, taken
        if newer is not None:
            self._merge(entry, newer)

    def _merge(self, entry: QueuedEvent, newer: EventSeries) -> None:
        older = entry.waiting
        count, first = (0, newer.first) if older is None else (older.count, older.first)
        entry.waiting = EventSeries(newer.event, count + newer.count, first, newer.last)

    def _has_room(self) -> bool:
        if len(self._entries) < self._most:
            return True
        idle = next((key for key, entry in self._entries.items() if entry.waiting is None), None)
        if idle is not None:
            del self._entries[idle]
        return idle is not None

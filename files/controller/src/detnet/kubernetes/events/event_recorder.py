"""Tells the cluster's people what the loop does to their workloads: Events and the status annotation.

Telling must never cost control anything: ``record`` only notes, a thread of its own writes, what has no room is counted
and dropped, and a cluster that refuses is asked less and less often. Only a leader tells, and only while it leads.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from detnet.kubernetes.client.api import Api, ApiError, ApiRefused, Backoff
from detnet.kubernetes.events.conditions import ConditionTracker
from detnet.kubernetes.events.event_queue import EventQueue, EventRates, QueuedEvent, TokenBucket
from detnet.kubernetes.events.event_series import REQUEST_S, EventWriter
from detnet.kubernetes.events.reasons import Notice, Subject
from detnet.kubernetes.events.workload_status import Row, WorkloadStatus, patch
from detnet.telemetry.passes import Pass
from detnet.telemetry.state_changes import StateChangeLogger

# The workload is gone, or another of the same name: some releases call a wrong uid a conflict and some invalid.
_ANOTHER = (404, 409, 422)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _Lane:
    """One kind of writes, with a patience of its own: who may not write Events may well write statuses."""

    def __init__(self, what: str) -> None:
        self.what = what
        self.backoff = Backoff(first_s=1.0, cap_s=60.0)
        self.not_before_s = -math.inf

    def may(self, now_s: float) -> bool:
        """Return whether a write may be tried."""
        return now_s >= self.not_before_s


class EventRecorder:
    """Writes Events and statuses for every domain's passes. Not for observe mode, which writes nothing to a cluster.

    ``written_total``, ``failures_total`` and ``lost_total`` count writes, failed ones, and notices that found no room.

    Args:
        api: the API server.
        identity: this process, as the lease names it.
        time_left_s: for how many seconds more this process may write; 0 or less when it does not lead.
        clock: monotonic.
        now: wall clock, UTC.
    """

    def __init__(  # noqa: PLR0913 - the two clocks and the pace make it testable
        self,
        api: Api,
        *,
        identity: str,
        time_left_s: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        pace: EventRates | None = None,
    ) -> None:
        self.written_total = self.failures_total = self.lost_total = 0
        self._api = api
        self._time_left_s = time_left_s
        self._clock = clock
        self._now = now
        self._pace = pace or EventRates()
        self._writer = EventWriter(api, identity=identity, until_s=self._until_s)
        self._events, self._statuses = _Lane("Events"), _Lane("statuses")
        self._budget = TokenBucket(self._pace, clock())
        self._state_changes = StateChangeLogger(logging.getLogger(__name__))
        self._lock = threading.Lock()
        self._begin_anew()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="teller", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; what still waits is not written."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def record(self, one: Pass, subjects: Mapping[str, Subject], not_enforced: Mapping[str, str] | None = None) -> None:
        """Note what a pass means to its targets, whose workloads are ``subjects``; never waits for the cluster.

        ``not_enforced`` says of targets whose cap has no effect why that is so.
        """
        at = self._now()
        with self._lock:
            if self._time_left_s() <= 0.0:
                self._begin_anew()
                return
            story = self._stories.setdefault(one.domain, ConditionTracker(one.domain))
            for told in story.after(one, not_enforced or {}):
                if told.target in subjects:
                    self._add(Notice(subjects[told.target], told.reason, told.message), at)
            known = [(subjects[target], s) for target, s in story.standings.items() if target in subjects]
            self._board.update(one.domain, known, at)
        self._wake.set()

    def forget(self, domain: str) -> None:
        """A domain is no more."""
        with self._lock:
            self._stories.pop(domain, None)
            self._board.update(domain, (), self._now())

    def step(self) -> float:
        """Make one write if one is due; return the seconds until the next may be."""
        now_s = self._clock()
        with self._lock:
            if self._time_left_s() <= 0.0:
                self._begin_anew()
                return self._pace.every_s
            event, row = self._pending.next_due(now_s), self._board.next_due(now_s)
        wait_s = self._budget.wait_s(now_s)
        if wait_s > 0.0:
            return wait_s
        if isinstance(event, QueuedEvent):
            if self._events.may(now_s):
                self._write_event(event, now_s)
                return 0.0
            event = self._events.not_before_s - now_s
        if isinstance(row, Row):
            if self._statuses.may(now_s):
                self._write_status(row, now_s)
                return 0.0
            row = self._statuses.not_before_s - now_s
        return min(event, row, self._pace.every_s)

    def _begin_anew(self) -> None:
        """Forget everything: what another leader told meanwhile is not known."""
        self._stories: dict[str, ConditionTracker] = {}
        self._pending = EventQueue(self._pace)
        self._board = WorkloadStatus(self._pace.every_s)

    def _add(self, notice: Notice, at: datetime) -> None:
        if self._pending.add(notice, at):
            self._state_changes.end("room", "there is room again for what is told on the cluster")
        else:
            self.lost_total += 1
            self._state_changes.begin("room", "too much waits to be told on the cluster; what is lost is counted")

    def _write_event(self, entry: QueuedEvent, now_s: float) -> None:
        with self._lock:
            taken, pending = self._pending.take(entry, now_s), self._pending
        try:
            entry.count = self._writer.write(taken, entry.count)
        except ApiError as error:
            with self._lock:
                pending.put_back(entry, taken)
            self._failed(self._events, error)
        else:
            self._succeeded(self._events)

    def _write_status(self, row: Row, now_s: float) -> None:
        with self._lock:
            self._board.tried(row, now_s)
            wanted, body = row.wanted, patch(row.text, row.subject.uid)
        try:
            self._api.request("PATCH", row.subject.ref.path, body=body, timeout_s=REQUEST_S, until_s=self._until_s())
        except ApiError as error:
            if not isinstance(error, ApiRefused) or error.status not in _ANOTHER:
                self._failed(self._statuses, error)
                return
            with self._lock:
                self._board.gone(row)
        else:
            row.shown = wanted
        self._succeeded(self._statuses)

    def _until_s(self) -> float:
        # The clock first: if the process is stopped between the two, the sum is too early and never too late.
        now_s = self._clock()
        return now_s + self._time_left_s()

    def _succeeded(self, lane: _Lane) -> None:
        self._budget.spend()
        self.written_total += 1
        lane.backoff.reset()
        self._state_changes.end(lane.what, f"{lane.what} can be written to the cluster again")

    def _failed(self, lane: _Lane, error: ApiError) -> None:
        self._budget.spend()
        self.failures_total += 1
        asked_s = error.retry_after_s if isinstance(error, ApiRefused) else None
        wait_s = lane.backoff.next_s(asked_s)
        for each in (lane,) if asked_s is None else (self._events, self._statuses):  # a server that asks asks for all
            each.not_before_s = self._clock() + wait_s
        self._state_changes.begin(lane.what, f"{lane.what} cannot be written to the cluster, control goes on: {error}")

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            wait_s = self.step()
            if wait_s > 0.0:
                self._wake.wait(wait_s)

"""The event recorder: writes Events and the status annotation of best-effort workloads.

It must never hold up control: ``record`` only queues, a thread of its own writes, what finds no room is counted and
dropped, and a cluster that refuses is asked less and less often. Only a leader writes, and only while it leads.
"""

from __future__ import annotations

import logging
import math
import threading
import time
from collections.abc import Callable, Mapping
from datetime import UTC, datetime

from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.client.api import Api, ApiError, ApiRefused, Backoff
from detnet.kubernetes.events.conditions import ConditionTracker
from detnet.kubernetes.events.event_queue import EventQueue, EventRates, QueuedEvent, TokenBucket
from detnet.kubernetes.events.event_series import REQUEST_S, EventWriter
from detnet.kubernetes.events.reasons import Subject, WorkloadEvent
from detnet.kubernetes.events.workload_status import StatusRow, WorkloadStatus, patch
from detnet.telemetry.passes import Pass
from detnet.telemetry.state_changes import StateChangeLogger

# The workload is gone, or another has its name: some releases call a wrong uid a conflict and some invalid.
_REPLACED = (404, 409, 422)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class _WriteKind:
    """Events or statuses, each with a backoff of its own: who may not write Events may well write statuses."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.backoff = Backoff(first_s=1.0, cap_s=60.0)
        self.not_before_s = -math.inf

    def due(self, now_s: float) -> bool:
        """Return whether the backoff is over."""
        return now_s >= self.not_before_s


class EventRecorder:
    """Writes Events and statuses for every domain's passes. Not for observe mode, which writes nothing to a cluster.

    ``written_total``, ``failures_total`` and ``lost_total`` count writes, failed ones, and events that found no room.

    Args:
        api: the API server.
        identity: this process, as the lease names it.
        time_left_s: for how many seconds more this process may write; 0 or less when it does not lead.
        clock: monotonic.
        now: wall clock, UTC.
    """

    def __init__(  # noqa: PLR0913 - the two clocks and the rates make it testable
        self,
        api: Api,
        *,
        identity: str,
        time_left_s: Callable[[], float],
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], datetime] = _utc_now,
        rates: EventRates | None = None,
    ) -> None:
        self.written_total = self.failures_total = self.lost_total = 0
        self._api = api
        self._time_left_s = time_left_s
        self._clock = clock
        self._now = now
        self._rates = rates or EventRates()
        self._writer = EventWriter(api, identity=identity, until_s=self._until_s)
        self._event_writes, self._status_writes = _WriteKind("Events"), _WriteKind("statuses")
        self._bucket = TokenBucket(self._rates, clock())
        self._state_changes = StateChangeLogger(logging.getLogger(__name__))
        self._lock = threading.Lock()
        self._reset()
        self._wake, self._stop = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._run, name="event-recorder", daemon=True)

    def start(self) -> None:
        """Begin to write."""
        self._thread.start()

    def close(self) -> None:
        """End the thread; what still waits is not written."""
        self._stop.set()
        self._wake.set()
        self._thread.join()

    def record(
        self,
        one: Pass,
        subjects: Mapping[str, Subject],
        not_enforced: Mapping[str, str] | None = None,
        proofs: Mapping[str, Proof | None] | None = None,
    ) -> None:
        """Queue what a pass changes for its targets, whose workloads are ``subjects``; never waits for the cluster.

        ``not_enforced`` says of targets whose cap has no effect why that is so, ``proofs`` of each target in the domain
        whether its caps are in force.
        """
        at = self._now()
        with self._lock:
            if self._time_left_s() <= 0.0:
                self._reset()
                return
            tracker = self._trackers.setdefault(one.domain, ConditionTracker(one.domain))
            for change in tracker.after(one, not_enforced or {}, proofs):
                if change.target in subjects:
                    self._add(WorkloadEvent(subjects[change.target], change.reason, change.message), at)
            known = [(subjects[target], each) for target, each in tracker.conditions.items() if target in subjects]
            self._statuses.update(one.domain, known, at)
        self._wake.set()

    def forget(self, domain: str) -> None:
        """A domain is no more."""
        with self._lock:
            self._trackers.pop(domain, None)
            self._statuses.update(domain, (), self._now())

    def step(self) -> float:
        """Make one write if one is due; return the seconds until the next may be."""
        now_s = self._clock()
        with self._lock:
            if self._time_left_s() <= 0.0:
                self._reset()
                return self._rates.every_s
            event, row = self._queue.next_due(now_s), self._statuses.next_due(now_s)
        wait_s = self._bucket.wait_s(now_s)
        if wait_s > 0.0:
            return wait_s
        if isinstance(event, QueuedEvent):
            if self._event_writes.due(now_s):
                self._write_event(event, now_s)
                return 0.0
            event = self._event_writes.not_before_s - now_s
        if isinstance(row, StatusRow):
            if self._status_writes.due(now_s):
                self._write_status(row, now_s)
                return 0.0
            row = self._status_writes.not_before_s - now_s
        return min(event, row, self._rates.every_s)

    def _reset(self) -> None:
        """Forget everything: what another leader has written meanwhile is not known."""
        self._trackers: dict[str, ConditionTracker] = {}
        self._queue = EventQueue(self._rates)
        self._statuses = WorkloadStatus(self._rates.every_s)

    def _add(self, event: WorkloadEvent, at: datetime) -> None:
        if self._queue.add(event, at):
            self._state_changes.end("room", "there is room for Events again")
        else:
            self.lost_total += 1
            self._state_changes.begin("room", "too many Events wait to be written; the dropped ones are counted")

    def _write_event(self, entry: QueuedEvent, now_s: float) -> None:
        with self._lock:
            taken, queue = self._queue.take(entry, now_s), self._queue
        try:
            entry.count = self._writer.write(taken, entry.count)
        except ApiError as error:
            with self._lock:
                queue.put_back(entry, taken)
            self._failed(self._event_writes, error)
        else:
            self._succeeded(self._event_writes)

    def _write_status(self, row: StatusRow, now_s: float) -> None:
        with self._lock:
            self._statuses.tried(row, now_s)
            wanted, body = row.wanted, patch(row.text, row.subject.uid)
        try:
            self._api.request("PATCH", row.subject.ref.path, body=body, timeout_s=REQUEST_S, until_s=self._until_s())
        except ApiError as error:
            if not isinstance(error, ApiRefused) or error.status not in _REPLACED:
                self._failed(self._status_writes, error)
                return
            with self._lock:
                self._statuses.forget(row)
        else:
            row.written = wanted
        self._succeeded(self._status_writes)

    def _until_s(self) -> float:
        # The clock first: if the process is stopped between the two, the sum is too early and never too late.
        now_s = self._clock()
        return now_s + self._time_left_s()

    def _succeeded(self, kind: _WriteKind) -> None:
        self._bucket.spend()
        self.written_total += 1
        kind.backoff.reset()
        self._state_changes.end(kind.name, f"{kind.name} can be written to the cluster again")

    def _failed(self, kind: _WriteKind, error: ApiError) -> None:
        self._bucket.spend()
        self.failures_total += 1
        retry_after_s = error.retry_after_s if isinstance(error, ApiRefused) else None
        wait_s = kind.backoff.next_s(retry_after_s)
        # Retry-After holds for every request to the server.
        for each in (kind,) if retry_after_s is None else (self._event_writes, self._status_writes):
            each.not_before_s = self._clock() + wait_s
        self._state_changes.begin(kind.name, f"{kind.name} cannot be written to the cluster, control goes on: {error}")

    def _run(self) -> None:
        while not self._stop.is_set():
            self._wake.clear()
            wait_s = self.step()
            if wait_s > 0.0:
                self._wake.wait(wait_s)

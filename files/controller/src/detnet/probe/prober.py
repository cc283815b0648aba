"""The prober's parent process: serves what the measuring process finds, and never disturbs it."""

from __future__ import annotations

import json
import logging
import secrets
import selectors
import threading
import time
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path as File
from typing import Any

from detnet.model.errors import UserError
from detnet.probe.exporter import ProbeMetrics
from detnet.probe.paths import Options, Path
from detnet.probe.session import Outcome
from detnet.probe.tally import Counter
from detnet.probe.worker import Worker
from detnet.telemetry.http import Response, Route, text
from detnet.telemetry.state_changes import StateChangeLogger

KEPT_S = 30.0
SAME_HOST = "the reflector is on this host, so its answers say nothing of a network; name one on another host"


class SampleBuffer:
    """Samples of the last 30 s, numbered in the order in which they ended, with a cursor for each reader's place.

    Written by one thread and read by others.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._names = names
        self._kept: deque[tuple[int, int, float, float | None]] = deque()
        self._cursor = 0
        self.instance = secrets.token_hex(8)

    def add(self, index: int, sent_at_s: float, rtt_ms: float | None) -> None:
        """Keep one sample of the path ``index``, sent at ``sent_at_s`` (CLOCK_MONOTONIC)."""
        with self._lock:
            self._cursor += 1
            self._kept.append((self._cursor, index, sent_at_s, rtt_ms))
            while self._kept[0][2] < sent_at_s - KEPT_S:
                self._kept.popleft()

    def after(
        self, cursor: int, now_s: float, invalidated: Mapping[str, bool], not_measured: Collection[str] = ()
    ) -> dict[str, Any]:
        """Return what ended after ``cursor``, with ages in s; everything kept when the cursor is not one of ours.

        Args:
            cursor: the ``cursor`` of an earlier answer, or 0.
            now_s: CLOCK_MONOTONIC.
            invalidated: by path, whether its running second is invalidated.
            not_measured: the paths that end on this host.
        """
        with self._lock:
            newest = self._cursor
            kept = [each for each in self._kept if each[2] >= now_s - KEPT_S]
        if not 0 <= cursor <= newest:
            cursor = 0
        samples: dict[str, list[list[float | None]]] = {name: [] for name in self._names}
        for number, index, sent_at_s, rtt_ms in kept:
            if number > cursor:
                samples[self._names[index]].append([round(now_s - sent_at_s, 6), rtt_ms])
        paths = {name: {"samples": samples[name], "invalidated": invalidated[name]} for name in self._names}
        for name in not_measured:
            paths[name]["not_measured"] = SAME_HOST
        return {"instance": self.instance, "cursor": newest, "paths": paths}


class Record:
    """A file with every sample of a run as one line of JSON.

    ``path``, ``sent_at_s`` (CLOCK_MONOTONIC), ``rtt_ms`` (null: lost), ``late_ms`` (own send lateness) and ``usable``
    (false: our lateness invalidates it).

    Raises:
        UserError: it cannot be written; so do the methods.
    """

    def __init__(self, file: File) -> None:
        self._file = file
        with self._named_errors():
            self._stream = file.open("w", encoding="utf-8")

    def write(self, path: str, sent_at_s: float, rtt_ms: float | None, outcome: Outcome) -> None:
        """Add one sample."""
        line = {
            "path": path,
            "sent_at_s": sent_at_s,
            "rtt_ms": rtt_ms,
            "late_ms": outcome.late_ns / 1e6,
            "usable": outcome.usable,
        }
        with self._named_errors():
            self._stream.write(json.dumps(line) + "\n")

    def flush(self) -> None:
        """Let readers see what was added."""
        with self._named_errors():
            self._stream.flush()

    def close(self) -> None:
        """Write the rest and close."""
        with self._named_errors():
            self._stream.close()

    @contextmanager
    def _named_errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise UserError(f"cannot write the samples to {self._file}: {error.strerror}") from error


_CHECK_S = 0.1  # between two flushes of the record and two readings of the counters
_STALLED_S = 2.0
_CONDITIONS = {
    Counter.LOST: "probes are lost",
    Counter.LATE: "answers come too late",
    Counter.DUPLICATE: "answers come twice",
    Counter.UNSOLICITED: "answers to no probe of ours, or from a wrong peer",
    Counter.MALFORMED: "packets that are no STAMP answer",
    Counter.CLOCK_STEP: "a wall clock was set",
    Counter.INVALIDATED: "this machine sends late, samples are discarded",
    Counter.DROPPED: "samples are dropped because this process is held up",
    Counter.SAME_HOST: f"not measured: {SAME_HOST}",
    Counter.LINK_FAILURES: "the reflector cannot be reached",
}

_log = logging.getLogger(__name__)


class Prober:
    """Measures paths until stopped; make it before any thread is started.

    ``routes`` is what its HTTP server answers: ``/metrics``, ``/samples?after=CURSOR`` and ``/healthz``.
    """

    def __init__(self, paths: Sequence[Path], options: Options, *, record: File | None = None) -> None:
        """Start measuring; every sample becomes a line of JSON in ``record``.

        Raises:
            UserError: the record cannot be written.
        """
        self._paths = paths
        self._record = Record(record) if record else None
        self._worker = Worker(paths, options)
        self._kept = SampleBuffer([path.name for path in paths])
        self._metrics = ProbeMetrics(paths, self._worker.tallies)
        self.registry = self._metrics.registry
        self._state_changes = StateChangeLogger(_log)
        self._stopped = False
        self.routes: Mapping[str, Route] = {
            "/samples": self._answer_samples,
            "/healthz": self._answer_health,
        }

    @property
    def worker_pid(self) -> int | None:
        """The measuring process's id."""
        return self._worker.pid

    def stop(self) -> None:
        """Make ``run`` return soon; safe in a signal handler."""
        self._stopped = True
        self._worker.stop()

    def run(self) -> None:
        """Serve samples until stopped or until the duration is over.

        Raises:
            UserError: the measuring process has died, or the record cannot be written.
        """
        with selectors.DefaultSelector() as selector:
            selector.register(self._worker, selectors.EVENT_READ)
            check_s = time.monotonic()
            outcomes: Sequence[tuple[int, Outcome]] | None = []
            while outcomes is not None:
                self._publish(outcomes)
                now_s = time.monotonic()
                if now_s >= check_s:
                    check_s = now_s + _CHECK_S
                    self._check(now_s)
                outcomes = self._worker.read() if selector.select(_CHECK_S) else []
        code = self.close()
        if code and not self._stopped:
            raise UserError(f"the measuring process has died (exit code {code})")

    def close(self) -> int | None:
        """End the measuring process, complete the record, and return the process's exit code."""
        code = self._worker.close()
        if self._record:
            self._record.close()
        return code

    def _publish(self, outcomes: Sequence[tuple[int, Outcome]]) -> None:
        for index, outcome in outcomes:
            sent_at_s = outcome.sent_ns / 1e9
            rtt_ms = None if outcome.rtt_ns is None else outcome.rtt_ns / 1e6
            if outcome.usable:
                self._kept.add(index, sent_at_s, rtt_ms)
                self._metrics.observe(index, sent_at_s, rtt_ms)
            if self._record:
                self._record.write(self._paths[index].name, sent_at_s, rtt_ms, outcome)

    def _check(self, now_s: float) -> None:
        if self._record:
            self._record.flush()
        counts = {
            f"path {path.name}: {_CONDITIONS[figure]}": tally[figure]
            for path, tally in zip(self._paths, self._worker.tallies, strict=True)
            for figure in _CONDITIONS
        }
        self._state_changes.counted(counts, now_s)

    def _answer_samples(self, query: Mapping[str, list[str]]) -> Response:
        try:
            cursor = int(query.get("after", ["0"])[-1])
        except ValueError:
            return text(HTTPStatus.BAD_REQUEST, "after: expected the cursor of an earlier answer")
        invalidated = {
            path.name: bool(tally[Counter.INVALIDATED_NOW])
            for path, tally in zip(self._paths, self._worker.tallies, strict=True)
        }
        not_measured = [
            path.name
            for path, tally in zip(self._paths, self._worker.tallies, strict=True)
            if tally[Counter.SAME_HOST_NOW]
        ]
        answer = self._kept.after(cursor, time.monotonic(), invalidated, not_measured)
        return Response("200 OK", "application/json", json.dumps(answer).encode())

    def _answer_health(self, query: Mapping[str, list[str]]) -> Response:
        del query
        for path, tally in zip(self._paths, self._worker.tallies, strict=True):
            age_s = time.monotonic() - tally[Counter.LAST_ATTEMPT_NS] / 1e9
            if age_s > max(_STALLED_S, 3 / path.rate_hz):
                return text(
                    HTTPStatus.SERVICE_UNAVAILABLE, f"path {path.name}: no probe was attempted for {age_s:.1f} s"
                )
        return text(HTTPStatus.OK, "measuring")

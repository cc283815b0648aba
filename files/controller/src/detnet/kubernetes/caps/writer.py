"""The one way in which this controller writes to Kubernetes: threads that empty a queue.

Whoever queues a patch does not wait. Before every write the writer asks whether it may, and until when: the lease of a
leader ends by the clock, and a request that outlives it could undo what the next leader decides. What may not be
written is dropped, not kept: by the time it may be written again, somebody else has decided anew.
"""

from __future__ import annotations

import logging
import math
import random
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from detnet.kubernetes.caps.work_queue import Failure, RateLimits, WorkQueue
from detnet.kubernetes.client.api import Api, ApiError, ApiRefused
from detnet.kubernetes.objects.patches import PendingPatch, Subject, annotations_in, body
from detnet.kubernetes.objects.workloads import Ref

_log = logging.getLogger(__name__)

# Kubernetes promises 99 % of writes of single objects within 1 s (its scalability SLO); one that takes three times that
# is better tried again, and a server that comes back is found within 5 s.
_REQUEST_S = 3.0
# With less time than this left of the lease, a write is not begun.
_LEAST_S = 0.1
_SHOWN = 5

MayWrite = Callable[[], "float | None"]
"""Until when this process may write, in monotonic s; ``None`` or the past when it may not, for whatever reason."""


@dataclass(frozen=True, slots=True)
class WriteStatistics:
    """What the writer has done since it began, and what it has before it."""

    written: int = 0
    failed: int = 0
    retried: int = 0
    waiting: int = 0
    in_flight: int = 0
    oldest_cut_s: float = 0.0


class Writer:
    """Carries out patches; safe to share between threads.

    ``subject`` gives an object as it was last seen, ``None`` when it is gone. ``on_written(ref, version, answer)`` is
    called after each success: the object as the server answered it, and the version of it that the patch was made from.
    """

    def __init__(  # noqa: PLR0913 - what it needs to write, and what makes it testable
        self,
        api: Api,
        subject: Callable[[Ref], Subject | None],
        may_write: MayWrite,
        *,
        on_written: Callable[[Ref, str, Mapping[str, Any]], None] = lambda _ref, _version, _answer: None,
        workers: int = 8,
        rate_limits: RateLimits | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._api = api
        self._subject = subject
        self._may_write = may_write
        self._on_written = on_written
        self._clock = clock
        self._order = WorkQueue(rate_limits or RateLimits(), random.random, workers)
        self._changed = threading.Condition()
        self._closed = False
        self._written = self._failed = 0
        self._refusals: dict[Ref, str] = {}
        self._outage: str | None = None
        self._threads = [threading.Thread(target=self._work, name=f"writer-{n}", daemon=True) for n in range(workers)]

    def start(self) -> None:
        """Begin to write."""
        for thread in self._threads:
            thread.start()

    def close(self) -> None:
        """Forget what waits and return when the last write has ended, after three seconds at most."""
        with self._changed:
            self._closed = True
            self._forget()
        for thread in self._threads:
            if thread.is_alive():
                thread.join(_REQUEST_S + 1.0)

    def want(self, patches: Iterable[PendingPatch]) -> None:
        """Queue patches; returns at once."""
        with self._changed:
            now_s = self._clock()
            for pending in patches:
                self._order.put(pending, now_s)
            self._changed.notify_all()

    def forget(self) -> None:
        """Forget what waits; what is under way ends by itself."""
        with self._changed:
            self._forget()

    def drain(self, timeout_s: float) -> bool:
        """Wait until nothing waits and nothing is under way; return whether that came in time."""
        with self._changed:
            return self._changed.wait_for(lambda: not (self._order.waiting or self._order.flying), timeout_s)

    def figures(self) -> WriteStatistics:
        """Return the counters as they are now."""
        with self._changed:
            order = self._order
            return WriteStatistics(
                self._written,
                self._failed,
                order.retried,
                order.waiting,
                order.flying,
                order.oldest_cut_s(self._clock()),
            )

    def refused(self) -> Mapping[Ref, str]:
        """Return the objects whose newest patch the API server refused, with one sentence each."""
        with self._changed:
            return dict(self._refusals)

    def problems(self) -> tuple[str, ...]:
        """Return what cannot be written now, one sentence each; of many refusals the first few."""
        with self._changed:
            shown = list(self._refusals.values())[:_SHOWN]
            more = len(self._refusals) - len(shown)
            outage = self._outage
        if more:
            shown.append(f"the API server refuses the caps of {more} objects more")
        return (*([outage] if outage else ()), *shown)

    def _work(self) -> None:
        while (pending := self._next()) is not None:
            try:
                self._carry_out(pending)
            except Exception as error:  # noqa: BLE001 - a thread's top: a bug must not end the writing unseen
                _log.exception("writing %s: a bug", pending.ref.long_name)
                self._failed_to(pending.ref, Failure.REFUSED, f"a bug ({error!r}); the log has the traceback")

    def _next(self) -> PendingPatch | None:
        with self._changed:
            while not self._closed:
                now_s = self._clock()
                pending = self._order.take(now_s)
                if pending is not None:
                    return pending
                self._changed.wait(self._order.wait_s(now_s))
        return None

    def _until_s(self) -> float:
        deadline_s = self._may_write()
        return -math.inf if deadline_s is None else deadline_s - _LEAST_S

    def _carry_out(self, pending: PendingPatch) -> None:
        ref, subject = pending.ref, self._subject(pending.ref)
        if subject is None or subject.uid != pending.uid:
            return self._done(ref, self._order.gone)
        patch = pending.change.patch(subject.annotations)
        until_s = self._until_s()
        if not patch or until_s <= self._clock():
            return self._done(ref, self._order.needless)
        document = body(ref, subject, patch)
        try:
            answer = self._api.request("PATCH", ref.path, body=document, timeout_s=_REQUEST_S, until_s=until_s)
        except ApiRefused as error:
            return self._refused(ref, error)
        except ApiError as error:
            return self._failed_to(ref, Failure.SERVER, str(error))
        if pending.change.patch(annotations_in(ref, answer)):
            return self._failed_to(ref, Failure.REFUSED, "the API server changed what was written: look for a webhook")
        self._on_written(ref, subject.resource_version, answer)
        return self._done(ref, self._order.written)

    def _refused(self, ref: Ref, error: ApiRefused) -> None:
        if error.status == 404:
            self._done(ref, self._order.gone)
        elif error.status == 409:
            self._failed_to(ref, Failure.CONFLICT, "")
        elif error.status == 429 or (error.status == 503 and error.retry_after_s is not None):
            self._failed_to(ref, Failure.BUSY, str(error), error.retry_after_s)
        elif error.status >= 500:
            self._failed_to(ref, Failure.SERVER, str(error))
        else:
            self._failed_to(ref, Failure.REFUSED, str(error))

    def _done(self, ref: Ref, end: Callable[[Ref, float], None]) -> None:
        with self._changed:
            end(ref, self._clock())
            self._refusals.pop(ref, None)
            if end == self._order.written:
                self._written, self._outage = self._written + 1, None
            self._changed.notify_all()

    def _failed_to(self, ref: Ref, why: Failure, reason: str, asked_s: float | None = None) -> None:
        with self._changed:
            self._order.failed(ref, self._clock(), why, asked_s)
            self._failed += why is not Failure.CONFLICT
            if why in (Failure.SERVER, Failure.BUSY):
                self._outage = f"a cap cannot be written now: {reason}"
            elif why is Failure.REFUSED:
                self._refusals[ref] = f"{ref.long_name}: its cap cannot be written: {reason}"
            self._changed.notify_all()

    def _forget(self) -> None:
        self._order.clear()
        self._refusals.clear()
        self._outage = None
        self._changed.notify_all()

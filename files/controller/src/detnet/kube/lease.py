"""One leader at a time, by a Lease object.

The promise: **no two electors lead at one moment**, whatever fails. It rests on one inequality. A leader counts
``renew_s`` from *before* the request that renewed its lease was sent. Everybody else counts the lease's duration from
*after* the answer in which they saw that renewal. The second moment is later than the first and the second span is
longer, so with clocks that run at rates within 1 ± r of true time and

    renew_s · (1 + r)  <  duration_s · (1 - r)

a leader has stopped before another can begin; 15 s and 10 s bear r below 0.2. Only local monotonic clocks are read and
no two hosts' clocks are compared. That every write of ours ends in time is the writer's part: it gives each request the
time until ``deadline_s`` at most, and a request sends nothing after its time (``detnet.kube.transport``). What a server
carries out later than that has ``duration_s - renew_s`` left.

Losing needs nobody's help: ``leading`` lapses by itself, even if this thread hangs in a request.

The protocol is client-go's (``tools/leaderelection``), so ``kubectl get lease`` shows what one expects. Why not the
Python client's elector: docs/decisions/0007-own-watch-and-lease.md.
"""

from __future__ import annotations

import datetime as dt
import logging
import math
import random
import threading
import time
from collections.abc import Callable, Generator
from dataclasses import dataclass
from typing import Any

from detnet.episodes import Episodes
from detnet.errors import ConfigError
from detnet.kube.api import Api, ApiError, ApiRefused

logger = logging.getLogger(__name__)

_JITTER = 0.2


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds: others wait ``duration_s``; a leader writes for ``renew_s`` after a renewal, renewing each ``retry_s``.

    Raises:
        ConfigError: they could not keep the promise.
    """

    duration_s: float = 15.0
    renew_s: float = 10.0
    retry_s: float = 2.0

    def __post_init__(self) -> None:
        """Refuse spans that leave no margin, as client-go does."""
        if not self.duration_s > self.renew_s > 1.2 * self.retry_s > 0.0:
            raise ConfigError(
                f"the lease's duration ({self.duration_s:g} s) must be longer than its renewal ({self.renew_s:g} s), "
                f"and that longer than 1.2 times its retry ({self.retry_s:g} s)"
            )

    @property
    def request_s(self) -> float:
        """The time of one request: a lost one leaves time for two more."""
        return min(self.retry_s, self.renew_s / 3.0)


@dataclass(frozen=True, slots=True)
class Ask:
    """A request that an attempt wants answered."""

    method: str
    path: str
    body: dict[str, Any] | None = None


class Elector:
    """A candidate for one lease. ``identity`` must be unique to this process: whoever bears it holds the lease.

    ``on_change(leading)`` is called from the thread of ``run`` (from ``release``: its caller's) after each change.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - a name, an identity, and what makes it testable
        self,
        api: Api,
        namespace: str,
        name: str,
        identity: str,
        times: LeaseTimes,
        clock: Callable[[], float] = time.monotonic,
        *,
        on_change: Callable[[bool], None] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.on_change = on_change
        self.deadline_s = -math.inf
        """Monotonic time before which every write must have ended; in the past when not leading."""
        self.trouble: str | None = None
        """Why the lease could not be reached at the last attempt, in one sentence."""
        self._api = api
        self._all_path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._name = name
        self._namespace = namespace
        self._identity = identity
        self._times = times
        self._clock = clock
        self._chance = chance
        self._episodes = Episodes(logger)
        self._one_at_a_time = threading.Lock()
        self._lease: dict[str, Any] | None = None
        self._taken_until_s = -math.inf
        self._told = False
        self._released = False

    @property
    def leading(self) -> bool:
        """Whether this process may write now. Ask right before each write, not once per pass."""
        return self._clock() < self.deadline_s

    @property
    def holder(self) -> str:
        """Who held the lease when it was last seen; empty for nobody."""
        return _holder(self._lease)

    def run(self, stop: threading.Event) -> None:
        """Stand for election until ``stop``; ``release`` is then the caller's, after the last write has ended."""
        while not stop.is_set():
            stop.wait(self.step())

    def step(self) -> float:
        """Make one attempt; return the seconds to wait before the next."""
        asked_s = 0.0
        with self._one_at_a_time:
            try:
                self._drive(self.attempt())
            except ApiError as error:
                self.trouble = str(error)
                self._episodes.begin("lease", f"cannot reach the lease {self._name}: {error}")
                asked_s = (error.retry_after_s or 0.0) if isinstance(error, ApiRefused) else 0.0
            else:
                self.trouble = None
                self._episodes.end("lease", f"the lease {self._name} can be reached again")
            self.tell()
        return self.pause_s(asked_s)

    def release(self) -> None:
        """Stop leading and let the next one begin at once. Call it when the last write has ended; it is for good."""
        self._released = True
        self.deadline_s = -math.inf
        with self._one_at_a_time:
            self.tell()
            try:
                self._drive(self._giving_up())
            except ApiError as error:
                logger.warning("cannot release the lease %s, so that others wait for its end: %s", self._name, error)

    def attempt(self) -> Generator[Ask, dict[str, Any], None]:
        """Try once to get or to keep the lease: yields what to ask, is sent the answers or thrown ``ApiRefused``."""
        start_s = self._clock()
        if not self.leading or self._lease is None:
            yield from self._look()
            if not self._free():
                return
        try:
            lease = yield self._claim()
        except ApiRefused as error:
            if error.status not in {404, 409}:
                raise
            start_s = self._clock()
            yield from self._look()
            if not self._free():
                return
            lease = yield self._claim()
        self._lease = lease
        if not self._released:
            self.deadline_s = start_s + self._times.renew_s

    def pause_s(self, asked_s: float = 0.0) -> float:
        """Return the seconds until the next attempt.

        A follower looks twice as often, and at the very moment the lease may be taken, so that nobody leads for
        ``duration_s`` and a second after a leader's death. A leader wakes when its time is over, to say so.
        """
        now_s = self._clock()
        pause_s = self._times.retry_s * (1.0 - _JITTER * self._chance())
        if self.leading:
            return min(max(pause_s, min(asked_s, self._times.request_s)), self.deadline_s - now_s)
        pause_s = max(pause_s / 2.0, min(asked_s, self._times.duration_s))
        left_s = self._taken_until_s - now_s
        return min(pause_s, left_s) if left_s > 0.0 else pause_s

    def tell(self) -> None:
        """Call ``on_change`` if what it was last told is no longer true."""
        leading = self.leading
        if leading != self._told:
            self._told = leading
            logger.info(
                "the lease %s: %s", self._name, "leading" if leading else f"not leading, {self.holder!r} holds it"
            )
            if self.on_change is not None:
                self.on_change(leading)

    def _drive(self, attempt: Generator[Ask, dict[str, Any], None]) -> None:
        """Answer an attempt's questions with the API server's words."""
        try:
            ask = next(attempt)
            while True:
                timeout_s = self._times.request_s
                if self.leading:
                    timeout_s = min(timeout_s, self.deadline_s - self._clock())
                try:
                    answer = self._api.request(ask.method, ask.path, body=ask.body, timeout_s=timeout_s)
                except ApiError as error:
                    ask = attempt.throw(error)
                else:
                    ask = attempt.send(answer)
        except StopIteration:
            return

    def _look(self) -> Generator[Ask, dict[str, Any], None]:
        """Read the lease; whoever is seen holding it keeps it for its duration from now, unless it was seen before."""
        before = self._lease
        try:
            self._lease = yield Ask("GET", f"{self._all_path}/{self._name}")
        except ApiRefused as error:
            if error.status != 404:
                raise
            self._lease = None
            return
        if self.holder in {"", self._identity}:
            self._taken_until_s = -math.inf
            return
        self.deadline_s = -math.inf
        if before is None or _version(before) != _version(self._lease):
            duration_s = self._lease["spec"].get("leaseDurationSeconds") or self._times.duration_s
            self._taken_until_s = self._clock() + duration_s

    def _free(self) -> bool:
        """Return whether the lease may be taken: nobody's, ours, or over. One that was deleted is not over."""
        return not self._released and self._clock() >= self._taken_until_s

    def _claim(self) -> Ask:
        now = _timestamp()
        old = (self._lease or {}).get("spec") or {}
        same = self._lease is not None and self.holder == self._identity
        transitions = 0 if self._lease is None else int(old.get("leaseTransitions") or 0) + (not same)
        return self._write(
            {
                **old,
                "holderIdentity": self._identity,
                "leaseDurationSeconds": math.ceil(self._times.duration_s),
                "acquireTime": old.get("acquireTime", now) if same else now,
                "renewTime": now,
                "leaseTransitions": transitions,
            }
        )

    def _giving_up(self) -> Generator[Ask, dict[str, Any], None]:
        if self.holder != self._identity:
            return
        try:
            yield self._surrender()
        except ApiRefused as error:
            if error.status != 409:
                raise
            yield from self._look()
            if self.holder == self._identity:
                yield self._surrender()

    def _surrender(self) -> Ask:
        now = _timestamp()
        old = (self._lease or {})["spec"]
        return self._write(
            {**old, "holderIdentity": "", "leaseDurationSeconds": 1, "acquireTime": now, "renewTime": now}
        )

    def _write(self, spec: dict[str, Any]) -> Ask:
        """Return the write that fails with 409 if anybody else has written meanwhile."""
        if self._lease is None:
            metadata = {"name": self._name, "namespace": self._namespace}
            body = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
            return Ask("POST", self._all_path, body)
        return Ask("PUT", f"{self._all_path}/{self._name}", {**self._lease, "spec": spec})


def _holder(lease: dict[str, Any] | None) -> str:
    return str(((lease or {}).get("spec") or {}).get("holderIdentity") or "")


def _version(lease: dict[str, Any]) -> str:
    return str(lease["metadata"]["resourceVersion"])


def _timestamp() -> str:
    """Return now as the API's MicroTime; for people only, nobody computes with it."""
    return dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

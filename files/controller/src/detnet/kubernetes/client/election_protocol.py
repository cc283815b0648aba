"""The rules by which one candidate stands for a lease: what to ask next and when, without any I/O or thread.

The guarantee: **no two candidates lead at one moment**, whatever fails. It rests on one inequality. A leader counts
``renew_s`` from *before* the request that renewed its lease was sent. Everybody else counts the lease's duration from
*after* the answer in which they saw that renewal. The second moment is later than the first and the second span is
longer, so with clocks that run at rates within 1 ± r of true time and

    renew_s · (1 + r)  <  duration_s · (1 - r)

a leader has stopped before another can begin; 15 s and 10 s allow r below 0.2. Only local monotonic clocks are read and
no two hosts' clocks are compared. Optimistic concurrency (the write names the resourceVersion that was read) lets one
of several candidates win, and lets a write that arrives late fail.

The protocol is client-go's (``tools/leaderelection``), so that ``kubectl get lease`` shows what one expects. Three
things are stricter. A lease that is deleted or that somebody else edits is not free before its holder's time is over,
for those who knew of a holder: an erased name frees nothing, a name that was written in by another hand elects nobody,
and who creates the lease anew leads one duration later, because others may have created it and lost it in between. The
numbers in a lease are believed within bounds of one's own: anybody who may edit it could else make two leaders (a
duration of 1 s) or none for 68 years. And nobody leads on an answer to a request of before ``give_up``.
"""

from __future__ import annotations

import datetime as dt
import math
import random
import time
from collections.abc import Callable, Generator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeAlias

from detnet.kubernetes.client.api import ApiRefused
from detnet.model.errors import ConfigError

_JITTER = 0.2
_LONGEST = 4.0
"""A lease may ask for this many times one's own duration: replicas of two configurations during a rolling update."""
_RELEASED_BY = "qos.detnet.io/released-by"
"""The annotation by which a holder that frees the lease tells its own doing from an edit."""
_MOST_TRANSITIONS = 2**31 - 1  # an int32 in the API, which refuses more: nobody could take the lease then


@dataclass(frozen=True, slots=True)
class LeaseTimes:
    """Seconds: others wait ``duration_s``; a leader writes for ``renew_s`` after a renewal, renewing each ``retry_s``.

    Raises:
        ConfigError: they could not keep the guarantee.
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
class LeaseRequest:
    """A request that a candidate wants to have answered."""

    method: str
    path: str
    body: dict[str, Any] | None = None


Dialogue: TypeAlias = Generator[LeaseRequest, dict[str, Any], None]
"""Yields what to ask; is sent the answer's object, or thrown the ``ApiError``."""


class ElectionProtocol:
    """One candidate for the lease ``namespace/name``. ``identity`` is unique: whoever has it holds the lease."""

    def __init__(  # noqa: PLR0913, PLR0917 - a lease's name and an identity, and what makes it testable
        self,
        namespace: str,
        name: str,
        identity: str,
        times: LeaseTimes,
        clock: Callable[[], float] = time.monotonic,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._until_s = -math.inf
        self._all_path = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
        self._path = f"{self._all_path}/{name}"
        self._metadata = {"namespace": namespace, "name": name}
        self._identity = identity
        self._times = times
        self._clock = clock
        self._chance = chance
        self._lease: dict[str, Any] | None = None
        self._taken_until_s = -math.inf
        self._existed = False
        self._acquired_at = ""
        self._given_up = False

    @property
    def deadline_s(self) -> float:
        """When this candidate's time is over, by its own clock; in the past when it does not lead."""
        return -math.inf if self._given_up else self._until_s

    @property
    def leading(self) -> bool:
        """Whether this candidate's time is not over; lapses by itself."""
        return self._clock() < self.deadline_s

    @property
    def holder(self) -> str:
        """Who held the lease when it was last seen; empty for nobody."""
        return str(self._spec.get("holderIdentity") or "")

    def attempt(self) -> Dialogue:
        """Try once to get or to keep the lease."""
        start_s = self._clock()
        if not self.leading:
            yield from self._look()
            if not self._free():
                return
        try:
            yield from self._take(start_s)
        except ApiRefused as error:
            if error.status not in {404, 409}:
                raise
            self._existed = True
            yield from self._look()
            if self._free():
                yield from self._take(start_s)

    def give_up(self) -> None:
        """Lead no more, for good: an answer that is under way changes nothing. From any thread."""
        self._given_up = True

    def release(self) -> Dialogue:
        """Free the lease, if it is ours, so that nobody has to wait for its end; after ``give_up``."""
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

    def pause_s(self, asked_s: float = 0.0) -> float:
        """Return the seconds until the next attempt; ``asked_s`` is what the server asked for.

        A follower looks twice as often as a leader renews, and at the very moment the lease may be taken: so a dead
        leader is followed within ``duration_s`` and half of ``retry_s``. A leader wakes when its time is over.
        """
        now_s = self._clock()
        pause_s = self._times.retry_s * (1.0 - _JITTER * self._chance())
        if self.leading:
            return min(max(pause_s, min(asked_s, self._times.request_s)), self.deadline_s - now_s)
        pause_s = max(pause_s / 2.0, min(asked_s, self._times.duration_s))
        left_s = self._taken_until_s - now_s
        return min(pause_s, left_s) if left_s > 0.0 else pause_s

    @property
    def _spec(self) -> dict[str, Any]:
        return (self._lease or {}).get("spec") or {}

    def _look(self) -> Dialogue:
        """Read the lease; a holder has its duration from now on, unless the same lease was seen before.

        What is gone or has no name any more still belongs to a holder that others may not have seen stop.
        """
        before, lease = self._lease, None
        try:
            lease = yield LeaseRequest("GET", self._path)
        except ApiRefused as error:
            if error.status != 404:
                raise
        self._lease = lease
        self._existed |= lease is not None
        if self._vacant():
            self._taken_until_s = -math.inf
            return
        if self._ours() or (self.leading and self.holder in {"", self._identity}):
            return
        self._until_s, self._acquired_at = -math.inf, ""
        if _version(before) != _version(lease):
            self._taken_until_s = max(self._taken_until_s, self._clock() + self._believed_s())

    def _take(self, start_s: float) -> Dialogue:
        """Write our name into the lease that was seen, or create it, and lead from ``start_s`` on."""
        anew = self._lease is None and self._existed and not self.leading
        self._lease = yield self._claim()
        self._existed = True
        if anew:
            self._taken_until_s = self._clock() + self._times.duration_s
        else:
            self._until_s = start_s + self._times.renew_s

    def _ours(self) -> bool:
        """Whether the lease is as we claimed it; our name alone may have been written by somebody else."""
        return self.holder == self._identity and self._spec.get("acquireTime") == self._acquired_at

    def _vacant(self) -> bool:
        """Whether the last holder has freed the lease, or there has never been one; an erased name proves neither."""
        if self._lease is None:
            return not self._existed
        released = _RELEASED_BY in (self._lease["metadata"].get("annotations") or {})
        return not self.holder and (released or not self._spec.get("renewTime"))

    def _believed_s(self) -> float:
        """Return the duration that the lease asks for, brought into bounds of our own."""
        own_s = self._times.duration_s
        return min(max(float(self._spec.get("leaseDurationSeconds") or own_s), own_s), _LONGEST * own_s)

    def _free(self) -> bool:
        return not self._given_up and self._clock() >= self._taken_until_s

    def _claim(self) -> LeaseRequest:
        now, old = _timestamp(), self._spec
        self._acquired_at = self._acquired_at or now
        claim = {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": math.ceil(self._times.duration_s),
            "acquireTime": self._acquired_at,
            "renewTime": now,
            "leaseTransitions": 0 if self._lease is None else self._transitions(),
        }
        if self._lease is not None:
            return self._replace({**old, **claim})
        lease = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": self._metadata,
            "spec": claim,
        }
        return LeaseRequest("POST", self._all_path, lease)

    def _transitions(self) -> int:
        before = int(self._spec.get("leaseTransitions") or 0)
        return min(before + (self.holder != self._identity), _MOST_TRANSITIONS)

    def _surrender(self) -> LeaseRequest:
        now = _timestamp()
        free = {"holderIdentity": "", "leaseDurationSeconds": 1, "acquireTime": now, "renewTime": now}
        return self._replace({**self._spec, **free}, {_RELEASED_BY: self._identity})

    def _replace(self, spec: dict[str, Any], marks: Mapping[str, str] = MappingProxyType({})) -> LeaseRequest:
        """Return a write that fails with 409 if anybody else has written since we read."""
        lease = self._lease or {"metadata": self._metadata}
        others = {
            name: text for name, text in (lease["metadata"].get("annotations") or {}).items() if name != _RELEASED_BY
        }
        metadata = {**lease["metadata"], "annotations": {**others, **marks}}
        return LeaseRequest("PUT", self._path, {**lease, "metadata": metadata, "spec": spec})


def _version(lease: dict[str, Any] | None) -> str | None:
    return None if lease is None else str(lease["metadata"]["resourceVersion"])


def _timestamp() -> str:
    """Return now as the API's MicroTime (RFC 3339); for people only, nobody computes with it."""
    return dt.datetime.now(tz=dt.UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")

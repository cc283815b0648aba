"""The write queue: cuts before raises, the newest patch of each object, and backoff for what fails.

A pure data structure: time and chance are arguments. It never holds two writes of one object in flight. What fails is
retried by itself, later each time; while the server as a whole fails, one write at a time finds out whether it is back.

No object delays another. A refusal says nothing about the server: the object backs off to minutes and waits behind
every object that was never refused. A failure may be the server's or the object's (an admission webhook that hangs or
fails for some looks like an outage), so it holds up what has failed before and raises; a cut that has never failed is
tried, ten a second. Failures without a success between them are one outage: what fails in one outage only is not
suspected of anything, and the success that ends the outage lets its urgent cuts go at once, as if they had not failed.
Only a server that asks for fewer requests (429) holds up everything. And the groups (workloads) take turns, so that a
cut does not wait for all the pods of a larger neighbour.
"""

from __future__ import annotations

import enum
import heapq
import math
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass, field, replace

from detnet.kubernetes.objects.patches import PendingPatch
from detnet.kubernetes.objects.workloads import POD, Ref


@dataclass(frozen=True, slots=True)
class RateLimits:
    """Times in seconds.

    ``every_s`` is the least time between two writes of one pod, ``template_every_s`` of one pod template; an urgent cut
    of a pod is not held to it. ``retry_s`` to ``retry_cap_s`` is how long one object waits after a failure (an urgent
    cut that has failed in one outage only to ``hold_cap_s``), ``retry_s`` to ``refused_cap_s`` after a refusal, and
    ``refused_every_s`` the least time between two retries of refused objects, of whichever. ``retry_s`` to
    ``hold_cap_s`` is how long the others wait while the server fails, ``first_try_every_s`` the least time between two
    cuts that have never failed meanwhile; ``asked_cap_s`` the longest ``Retry-After`` that is honoured: API priority
    and fairness asks for one second.
    """

    every_s: float = 5.0
    template_every_s: float = 60.0
    retry_s: float = 0.1
    retry_cap_s: float = 3.0
    refused_cap_s: float = 300.0
    refused_every_s: float = 0.2
    hold_cap_s: float = 1.0
    asked_cap_s: float = 5.0
    first_try_every_s: float = 0.1


class Failure(enum.Enum):
    """What a failed write says of the server."""

    CONFLICT = "conflict"  # it is well; the object changed meanwhile
    REFUSED = "refused"  # it answers, but not this write
    SERVER = "server"  # it fails, or it does at this object
    BUSY = "busy"  # it asks for fewer requests


class _Lane(enum.IntEnum):
    """Which write comes first, by what is known of its object."""

    CUT = 0
    FAILED_CUT = 1
    RAISE = 2
    REFUSED = 3


@dataclass(slots=True)
class _Entry:
    pending: PendingPatch
    since_s: float
    tries: int = 0
    outages: int = 0  # in how many it has failed
    last_outage: int = -1
    refused: bool = False
    not_before_s: float = -math.inf
    due_s: float = math.inf  # of its place in the heap
    lane: _Lane = _Lane.RAISE  # of its place in the turns

    @property
    def urgent(self) -> bool:
        """Whether it is a cut of a pod that may not wait."""
        return self.pending.urgent and self.pending.falls and self.pending.ref.kind == POD


@dataclass(slots=True)
class _Turns:
    """Objects in the order of their arrival, one of each group in turn."""

    groups: OrderedDict[str, OrderedDict[Ref, None]] = field(default_factory=OrderedDict)

    def add(self, group: str, ref: Ref) -> None:
        """Queue an object, if it is not queued."""
        self.groups.setdefault(group, OrderedDict()).setdefault(ref)

    def discard(self, group: str, ref: Ref) -> None:
        """Remove an object, if it is queued."""
        members = self.groups.get(group)
        if members is not None:
            members.pop(ref, None)
            if not members:
                del self.groups[group]

    def next(self, may: Callable[[str], bool]) -> Ref | None:
        """Return the first object of the first group that may, and let the others have their turn before it."""
        group = next((name for name in self.groups if may(name)), None)
        if group is None:
            return None
        ref = next(iter(self.groups[group]))
        self.groups.move_to_end(group)
        self.discard(group, ref)
        return ref


@dataclass(slots=True)
class WorkQueue:
    """The patches that wait and those in flight. ``workers`` is how many writes may be in flight at once."""

    rate_limits: RateLimits
    chance: Callable[[], float]
    workers: int = 8
    retried: int = 0
    hold_until_s: float = -math.inf
    _waiting: dict[Ref, _Entry] = field(default_factory=dict)
    _flying: dict[Ref, _Entry] = field(default_factory=dict)
    _lanes: tuple[_Turns, ...] = field(default_factory=lambda: tuple(_Turns() for _ in _Lane))
    _later: list[tuple[float, Ref]] = field(default_factory=list)
    _paced: OrderedDict[Ref, float] = field(default_factory=OrderedDict)
    _failures: int = 0
    _outage: int = 0
    _failed_now: dict[Ref, None] = field(default_factory=dict)  # first of all, and in this outage
    _probe_due_s: float = -math.inf
    _first_try_due_s: float = -math.inf
    _refused_due_s: float = -math.inf

    @property
    def waiting(self) -> int:
        """How many objects wait for a write."""
        return len(self._waiting)

    @property
    def flying(self) -> int:
        """How many writes are under way."""
        return len(self._flying)

    def oldest_cut_s(self, now_s: float) -> float:
        """Return how long the oldest urgent cut has been waiting or under way, in s; 0 when there is none."""
        entries = (*self._waiting.values(), *self._flying.values())
        return max((now_s - e.since_s for e in entries if e.pending.falls and e.pending.urgent), default=0.0)

    def put(self, pending: PendingPatch, now_s: float) -> None:
        """Take a patch in, in place of an older one of the object; an urgent cut stays urgent until it is done."""
        entry, flying = self._waiting.get(pending.ref), self._flying.get(pending.ref)
        if (
            entry is None
            and flying is not None
            and (flying.pending.uid, flying.pending.change) == (pending.uid, pending.change)
        ):
            return
        if entry is None or entry.pending.uid != pending.uid:
            self.forget(pending.ref)
            entry = self._waiting[pending.ref] = _Entry(pending, now_s)
        else:
            old = entry.pending
            self._lanes[entry.lane].discard(old.group, old.ref)
            entry.since_s = entry.since_s if pending.falls == old.falls else now_s
            entry.pending = replace(pending, urgent=pending.urgent or (pending.falls and old.falls and old.urgent))
            if not entry.refused:
                entry.not_before_s = min(entry.not_before_s, now_s + self._retry_cap_s(entry))
        if flying is None:
            self._schedule(entry, now_s)

    def forget(self, ref: Ref) -> None:
        """Drop what waits for an object."""
        entry = self._waiting.pop(ref, None)
        if entry is not None:
            self._lanes[entry.lane].discard(entry.pending.group, ref)

    def clear(self) -> None:
        """Drop everything that waits."""
        self._waiting.clear()
        self._later.clear()
        for lane in self._lanes:
            lane.groups.clear()

    def take(self, now_s: float) -> PendingPatch | None:
        """Return the write to begin now, or ``None``; one of the methods below ends it."""
        self._ripen(now_s)
        if now_s < self.hold_until_s:
            return None
        for lane in _Lane:
            ref = self._lanes[lane].next(self._room(lane)) if self._opens_s(lane) <= now_s else None
            if ref is not None:
                entry = self._flying[ref] = self._waiting.pop(ref)
                if self._failing and lane is _Lane.CUT:
                    self._first_try_due_s = now_s + self.rate_limits.first_try_every_s
                if lane is _Lane.REFUSED:
                    self._refused_due_s = now_s + self.rate_limits.refused_every_s
                return entry.pending
        return None

    def wait_s(self, now_s: float) -> float | None:
        """Return in how many seconds ``take`` is worth a try; ``None``: not before the next call of another method."""
        self._ripen(now_s)
        due_s = min((self._opens_s(lane) for lane in _Lane if self._has_room(lane)), default=math.inf)
        if self._later:
            ripe_s, ref = self._later[0]
            entry = self._waiting.get(ref)
            due_s = min(due_s, ripe_s if entry is None else max(ripe_s, self._opens_s(entry.lane)))
        due_s = max(due_s, self.hold_until_s)
        return None if due_s == math.inf else max(due_s - now_s, 0.0)

    def written(self, ref: Ref, now_s: float) -> None:
        """End a write that did what it should."""
        self._answered(now_s)
        if self._flying.pop(ref).refused:
            self._retry_refused(now_s)
        self._paced.pop(ref, None)
        self._paced[ref] = now_s + (self.rate_limits.every_s if ref.kind == POD else self.rate_limits.template_every_s)
        while self._paced and next(iter(self._paced.values())) <= now_s:
            self._paced.popitem(last=False)
        self._resume(ref, now_s)

    def needless(self, ref: Ref, now_s: float) -> None:
        """End a write that turned out not to be needed, and was not sent."""
        self._flying.pop(ref)
        self._resume(ref, now_s)

    def gone(self, ref: Ref, now_s: float) -> None:
        """End a write to an object that is no more; a patch for another one of that name stays."""
        self._answered(now_s)
        self._flying.pop(ref)
        self._paced.pop(ref, None)
        self._resume(ref, now_s)

    def failed(self, ref: Ref, now_s: float, why: Failure, asked_s: float | None = None) -> None:
        """End a write that failed, and try it again later; ``asked_s`` is the server's ``Retry-After``."""
        entry = self._flying.pop(ref, None)
        if entry is None:
            return  # it has ended: the failure came after that
        limits = self.rate_limits
        if why in (Failure.CONFLICT, Failure.REFUSED):
            self._answered(now_s)
        else:
            self._failures += 1
            if entry.last_outage != self._outage:
                entry.outages, entry.last_outage = entry.outages + 1, self._outage
            wait_s = self._backoff_s(self._failures - 1, limits.hold_cap_s)
            self._probe_due_s = max(self._probe_due_s, now_s + wait_s)
        if why is Failure.BUSY:
            asked_s = min(asked_s or 0.0, limits.asked_cap_s) * (1.0 + 0.1 * self.chance())
            self.hold_until_s = max(self.hold_until_s, now_s + max(wait_s, asked_s))
        self.retried += 1
        newer = self._waiting.setdefault(ref, entry)
        if newer.pending.uid == entry.pending.uid:
            self._lanes[newer.lane].discard(newer.pending.group, ref)
            newer.tries, newer.refused = entry.tries + 1, entry.refused or why is Failure.REFUSED
            newer.outages, newer.last_outage = entry.outages, entry.last_outage
            newer.not_before_s = now_s + self._backoff_s(newer.tries - 1, self._retry_cap_s(newer))
            if self._failing and newer.outages == 1:
                self._failed_now.setdefault(ref)
        self._schedule(newer, now_s)

    @property
    def _failing(self) -> bool:
        return self._failures > 0

    def _answered(self, now_s: float) -> None:
        """The server is well: an outage, if there was one, is over, and its cuts do not wait for their own backoff."""
        if not self._failing:
            return
        self._failures, self._outage = 0, self._outage + 1
        failed, self._failed_now = self._failed_now, {}
        for entry in (self._waiting[ref] for ref in failed if ref in self._waiting):
            if entry.urgent and not entry.refused and not self._suspect(entry):
                entry.not_before_s = min(entry.not_before_s, now_s)
                if entry.pending.ref not in self._flying:
                    self._schedule(entry, now_s)

    def _suspect(self, entry: _Entry) -> bool:
        """Return whether failures may be the object's own: in more than one outage, or in one that is not over."""
        return entry.outages > 1 or (entry.outages == 1 and self._failing and entry.last_outage == self._outage)

    def _lane_of(self, entry: _Entry) -> _Lane:
        if entry.refused:
            return _Lane.REFUSED
        if not entry.pending.falls:
            return _Lane.RAISE
        return _Lane.FAILED_CUT if self._suspect(entry) else _Lane.CUT

    def _retry_cap_s(self, entry: _Entry) -> float:
        limits = self.rate_limits
        if entry.refused:
            return limits.refused_cap_s
        return limits.hold_cap_s if entry.urgent and entry.outages <= 1 else limits.retry_cap_s

    def _retry_refused(self, now_s: float) -> None:
        """Try all refused objects again: what refused one of them may be gone for all."""
        self._refused_due_s = now_s
        for entry in self._waiting.values():
            if entry.refused and entry.not_before_s > now_s:
                entry.not_before_s = now_s
                if entry.pending.ref not in self._flying:
                    self._schedule(entry, now_s)

    def _opens_s(self, lane: _Lane) -> float:
        """Return from when on a write of a lane may begin; infinite while a write in flight has to end before."""
        if self._failing:
            if lane is _Lane.CUT:
                return self._first_try_due_s
            if self._flying:
                return math.inf
        due_s = self._probe_due_s if self._failing else -math.inf
        return max(due_s, self._refused_due_s) if lane is _Lane.REFUSED else due_s

    def _room(self, lane: _Lane) -> Callable[[str], bool]:
        """Return which groups may have one more write in flight.

        Half of the workers are enough for one workload while another waits, and for objects that failed before; the
        last worker is for a workload that has no write in flight. So requests that hang until their timeout do not
        take the place of others.
        """
        most = (self.workers + 1) // 2
        last = len(self._flying) + 1 == self.workers > 1
        if lane in (_Lane.FAILED_CUT, _Lane.REFUSED):
            again = sum(entry.refused or self._suspect(entry) for entry in self._flying.values())
            return lambda _group: again < most
        flying = [entry.pending.group for entry in self._flying.values()]
        if last:
            return lambda group: group not in flying
        alone = len(self._lanes[lane].groups) == 1
        return lambda group: alone or flying.count(group) < most

    def _has_room(self, lane: _Lane) -> bool:
        return any(map(self._room(lane), self._lanes[lane].groups))

    def _backoff_s(self, doublings: int, cap_s: float) -> float:
        """Return a doubling wait, half of it random: neither a tight loop nor a herd."""
        return min(cap_s, self.rate_limits.retry_s * 2.0 ** min(doublings, 30)) * (0.5 + 0.5 * self.chance())

    def _resume(self, ref: Ref, now_s: float) -> None:
        entry = self._waiting.get(ref)
        if entry is not None:
            self._schedule(entry, now_s)

    def _schedule(self, entry: _Entry, now_s: float) -> None:
        """Put an entry where it belongs: in one of the lanes, or into the heap until its time has come."""
        ref, group = entry.pending.ref, entry.pending.group
        hurry = entry.pending.urgent and ref.kind == POD
        due_s = max(entry.not_before_s, -math.inf if hurry else self._paced.get(ref, -math.inf))
        lane = self._lane_of(entry)
        if lane is not entry.lane:
            self._lanes[entry.lane].discard(group, ref)
            entry.lane = lane
        turns = self._lanes[lane]
        if due_s <= now_s:
            entry.due_s = math.inf
            turns.add(group, ref)
        elif due_s != entry.due_s:
            turns.discard(group, ref)
            entry.due_s = due_s
            heapq.heappush(self._later, (due_s, ref))

    def _ripen(self, now_s: float) -> None:
        while self._later and self._later[0][0] <= now_s:
            due_s, ref = heapq.heappop(self._later)
            entry = self._waiting.get(ref)
            if entry is not None and entry.due_s == due_s and ref not in self._flying:
                self._schedule(entry, now_s)

"""The order of the writes: cuts before raises, the newest wish per object, and patience where it costs nothing.

A pure data structure: time and chance are arguments. It never holds two writes of one object in flight. What fails is
tried again by itself, later each time; while the server as a whole fails, one write at a time finds out whether it is
back.
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

    ``every_s`` is the least time between two writes of one pod, ``template_every_s`` of one pod template; an urgent
    cut of a pod is not held to it. ``retry_s`` to ``retry_cap_s`` is how long one object waits after a refusal,
    ``retry_s`` to ``hold_cap_s`` how long all of them wait while the server fails, ``asked_cap_s`` the longest
    ``Retry-After`` that is heard: API priority and fairness asks for one second.
    """

    every_s: float = 5.0
    template_every_s: float = 60.0
    retry_s: float = 0.1
    retry_cap_s: float = 3.0
    hold_cap_s: float = 1.0
    asked_cap_s: float = 5.0


class Failure(enum.Enum):
    """What a failed write says of the server."""

    CONFLICT = "conflict"  # it is well; the object changed meanwhile
    REFUSED = "refused"  # it answers, but not this write
    SERVER = "server"  # it fails, or asks for peace


@dataclass(slots=True)
class _Entry:
    pending: PendingPatch
    since_s: float
    tries: int = 0
    not_before_s: float = -math.inf
    due_s: float = math.inf  # of its place in the heap


@dataclass(slots=True)
class WorkQueue:
    """The wishes that wait and those in flight. ``tolerance`` refusals in a row count as a failing server."""

    rate_limits: RateLimits
    chance: Callable[[], float]
    tolerance: int = 8
    retried: int = 0
    hold_until_s: float = -math.inf
    _waiting: dict[Ref, _Entry] = field(default_factory=dict)
    _flying: dict[Ref, _Entry] = field(default_factory=dict)
    _cuts: OrderedDict[Ref, None] = field(default_factory=OrderedDict)
    _raises: OrderedDict[Ref, None] = field(default_factory=OrderedDict)
    _later: list[tuple[float, Ref]] = field(default_factory=list)
    _paced: OrderedDict[Ref, float] = field(default_factory=OrderedDict)
    _failures: int = 0

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
        """Take a wish in, in place of an older one for the same object; an urgent cut stays urgent until it is done."""
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
            entry.since_s = entry.since_s if pending.falls == old.falls else now_s
            entry.pending = replace(pending, urgent=pending.urgent or (pending.falls and old.falls and old.urgent))
        if flying is None:
            self._schedule(entry, now_s)

    def forget(self, ref: Ref) -> None:
        """Drop what waits for an object."""
        self._waiting.pop(ref, None)
        self._cuts.pop(ref, None)
        self._raises.pop(ref, None)

    def clear(self) -> None:
        """Drop everything that waits."""
        self._waiting.clear()
        self._cuts.clear()
        self._raises.clear()
        self._later.clear()

    def take(self, now_s: float) -> PendingPatch | None:
        """Return the write to begin now, or ``None``; its end must be told by one of the methods below."""
        self._ripen(now_s)
        if now_s < self.hold_until_s or (self._failing and self._flying):
            return None
        for lane in (self._cuts, self._raises):
            if lane:
                ref, _none = lane.popitem(last=False)
                entry = self._flying[ref] = self._waiting.pop(ref)
                return entry.pending
        return None

    def wait_s(self, now_s: float) -> float | None:
        """Return in how many seconds ``take`` is worth a try; ``None``: not before the next call of another method."""
        self._ripen(now_s)
        if self._failing and self._flying:
            return None
        if self._cuts or self._raises:
            return max(0.0, self.hold_until_s - now_s)
        return max(self._later[0][0] - now_s, self.hold_until_s - now_s, 0.0) if self._later else None

    def written(self, ref: Ref, now_s: float) -> None:
        """End a write that did what it should."""
        self._failures = 0
        self._flying.pop(ref)
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
        """End a write to an object that is no more; a wish for another one of that name stays."""
        self._flying.pop(ref)
        self._paced.pop(ref, None)
        self._resume(ref, now_s)

    def failed(self, ref: Ref, now_s: float, why: Failure, asked_s: float | None = None) -> None:
        """End a write that failed, and try it again later; ``asked_s`` is the server's ``Retry-After``."""
        entry = self._flying.pop(ref, None)
        if entry is None:
            return  # its end was told: the failure came after it
        weight = {Failure.CONFLICT: -self._failures, Failure.REFUSED: 1, Failure.SERVER: self.tolerance}
        self._failures += weight[why]
        self.retried += 1
        if self._failing:
            wait_s = self._backoff_s(self._failures // self.tolerance - 1, self.rate_limits.hold_cap_s)
            asked_s = min(asked_s or 0.0, self.rate_limits.asked_cap_s) * (1.0 + 0.1 * self.chance())
            self.hold_until_s = max(self.hold_until_s, now_s + max(wait_s, asked_s))
        newer = self._waiting.setdefault(ref, entry)
        if newer.pending.uid == entry.pending.uid:
            newer.tries = entry.tries + 1
            newer.not_before_s = now_s + self._backoff_s(newer.tries - 1, self.rate_limits.retry_cap_s)
        self._schedule(newer, now_s)

    @property
    def _failing(self) -> bool:
        return self._failures >= self.tolerance

    def _backoff_s(self, doublings: int, cap_s: float) -> float:
        """Return a doubling wait, half of it random: neither a tight loop nor a herd."""
        return min(cap_s, self.rate_limits.retry_s * 2.0 ** min(doublings, 30)) * (0.5 + 0.5 * self.chance())

    def _resume(self, ref: Ref, now_s: float) -> None:
        entry = self._waiting.get(ref)
        if entry is not None:
            self._schedule(entry, now_s)

    def _schedule(self, entry: _Entry, now_s: float) -> None:
        """Put an entry where it belongs: in one of the lanes, or into the heap until its time has come."""
        ref = entry.pending.ref
        hurry = entry.pending.urgent and ref.kind == POD
        due_s = max(entry.not_before_s, -math.inf if hurry else self._paced.get(ref, -math.inf))
        lane, other = (self._cuts, self._raises) if entry.pending.falls else (self._raises, self._cuts)
        other.pop(ref, None)
        if due_s <= now_s:
            entry.due_s = math.inf
            lane.setdefault(ref)
        elif due_s != entry.due_s or ref in lane:
            lane.pop(ref, None)
            entry.due_s = due_s
            heapq.heappush(self._later, (due_s, ref))

    def _ripen(self, now_s: float) -> None:
        while self._later and self._later[0][0] <= now_s:
            due_s, ref = heapq.heappop(self._later)
            entry = self._waiting.get(ref)
            if entry is not None and entry.due_s == due_s and ref not in self._flying:
                self._schedule(entry, now_s)

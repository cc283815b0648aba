"""Episodes: the passes of a log folded into stretches in which one thing was true, without gap or overlap."""

from __future__ import annotations

import enum
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

from detnet.control.decision import Mode
from detnet.model.objectives import Verdict
from detnet.timeline.entry import Entry, LoggedFinding, Step

SETTLED_S = 5.0
"""A breach is over when nothing is breached for this long (as in docs/lab/lab.md); a shorter flicker is no episode."""


class State(enum.Enum):
    """What was true of a stretch of the log; the values are the words people read."""

    MET = "met"
    BREACHED = "breached"
    SETTLING = "settling"  # after a cut: part of the breach, and counted apart
    BLIND = "blind"
    UNRESOLVED = "unresolved"
    SILENT = "silent"


_OF_MODE = {
    Mode.BREACH.value: State.BREACHED,
    Mode.NOT_NETWORK.value: State.BREACHED,
    Mode.SETTLING.value: State.SETTLING,
    Mode.BLIND.value: State.BLIND,
    Mode.UNRESOLVED.value: State.UNRESOLVED,
    Mode.WAITING.value: State.MET,
    Mode.GROWTH.value: State.MET,
}
_VERDICTS = {State.BREACHED: Verdict.BREACHED, State.BLIND: Verdict.BLIND, State.UNRESOLVED: Verdict.UNRESOLVED}


@dataclass(slots=True)
class Episode:
    """A stretch of the log with everything that happened in it. Rates in bit/s, times in s since the first entry.

    ``actions`` counts the passes by action, ``seconds`` their time by state. ``first`` is the finding that began the
    episode and ``worst`` the furthest one over its limit; both have the verdict of the episode. ``sending_bps`` is what
    best effort sent when it began.
    """

    state: State
    began: datetime
    start_s: float
    length_s: float
    restarted: bool
    seconds: Counter[State]
    passes: int = 0
    actions: Counter[str] = field(default_factory=Counter)
    from_bps: float = 0.0
    to_bps: float = 0.0
    lowest_bps: float = 0.0
    highest_bps: float = 0.0
    held_s: float = 0.0
    first: LoggedFinding | None = None
    worst: LoggedFinding | None = None
    oldest_s: float = 0.0
    sending_bps: float | None = None
    written: int = 0
    lost: int = 0
    errors: int = 0
    error: str | None = None
    source_error: str | None = None
    blocked_reason: str | None = None

    @classmethod
    def of(cls, step: Step) -> Episode:
        """Return the episode of one step."""
        entry = step.entry
        if entry is None:
            seconds = Counter({State.SILENT: step.length_s})
            return cls(State.SILENT, step.began, step.start_s, step.length_s, restarted=False, seconds=seconds)
        state = _OF_MODE.get(entry.mode, State.UNRESOLVED)
        kind = State.BREACHED if state is State.SETTLING else state
        finding = entry.worst(_VERDICTS[kind]) if kind in _VERDICTS else None
        return cls(
            kind,
            step.began,
            step.start_s,
            step.length_s,
            restarted=step.restarted,
            seconds=Counter({state: step.length_s}),
            passes=1,
            actions=Counter([entry.action]),
            from_bps=entry.before_bps,
            to_bps=entry.after_bps,
            lowest_bps=min(entry.before_bps, entry.after_bps),
            highest_bps=max(entry.before_bps, entry.after_bps),
            held_s=step.length_s if entry.before_bps == entry.after_bps else 0.0,
            first=finding,
            worst=finding,
            oldest_s=_oldest_s(entry),
            sending_bps=entry.best_effort_bps,
            written=entry.written,
            lost=entry.lost_before,
            errors=len(entry.errors),
            error=next(iter(entry.errors), None),
            source_error=entry.source_error,
            blocked_reason=entry.blocked_reason,
        )

    def add(self, later: Episode) -> None:
        """Extend the episode by what follows immediately; its kind stays."""
        unmoved = self.held_s >= self.length_s - 1e-9
        self.held_s += later.held_s if unmoved else 0.0
        self.length_s += later.length_s
        self.seconds.update(later.seconds)
        self.actions.update(later.actions)
        if later.passes and not self.passes:
            self.from_bps = self.lowest_bps = self.highest_bps = later.from_bps
        if later.passes:
            self.to_bps = later.to_bps
            self.lowest_bps = min(self.lowest_bps, later.lowest_bps)
            self.highest_bps = max(self.highest_bps, later.highest_bps)
        self.passes += later.passes
        if later.state is self.state:
            self.first = self.first or later.first
            self.worst = max((f for f in (self.worst, later.worst) if f), key=lambda f: f.stress or 0.0, default=None)
        self.oldest_s = max(self.oldest_s, later.oldest_s)
        self.written += later.written
        self.lost += later.lost
        self.errors += later.errors
        self.error = self.error or later.error
        self.source_error = self.source_error or later.source_error
        self.blocked_reason = self.blocked_reason or later.blocked_reason


class Fold:
    """Folds steps into episodes; each step is in exactly one.

    A breach begins an episode at once. Anything else must last ``SETTLED_S``, or it belongs to what it interrupts.
    ``now`` is the episode that is going on.
    """

    def __init__(self) -> None:
        self.now: Episode | None = None
        self._next: Episode | None = None  # it may become an episode, or turn out to be a flicker

    def add(self, step: Step) -> list[Episode]:
        """Add one step and return the episodes that it ends."""
        fresh, now = Episode.of(step), self.now
        if now is None or fresh.restarted or State.SILENT in (fresh.state, now.state):
            ended = self.rest()
            self.now = fresh
            return ended
        if fresh.state in (now.state, State.BREACHED):
            self._absorb()
        if fresh.state is now.state:
            now.add(fresh)
            return []
        if fresh.state is State.BREACHED:
            self.now = fresh
            return [now]
        self._next = self._continued(fresh)
        if self._next.length_s < SETTLED_S:
            return []
        self.now, self._next = self._next, None
        return [now]

    def rest(self) -> list[Episode]:
        """Return what is still going on, as it stands, and forget it."""
        ended = [each for each in (self.now, self._next) if each]
        self.now = self._next = None
        return ended

    def _absorb(self) -> None:
        if self.now is not None and self._next is not None:
            self.now.add(self._next)
        self._next = None

    def _continued(self, fresh: Episode) -> Episode:
        """Let something else go on or begin, and return it."""
        if self._next is not None and self._next.state is fresh.state:
            self._next.add(fresh)
            return self._next
        self._absorb()
        return fresh


def fold(steps: Iterable[Step]) -> Iterator[Episode]:
    """Yield the episodes of a log in their order, without gap or overlap."""
    folding = Fold()
    for step in steps:
        yield from folding.add(step)
    yield from folding.rest()


def _oldest_s(entry: Entry) -> float:
    return max((finding.age_s for finding in entry.findings if finding.age_s != float("inf")), default=0.0)

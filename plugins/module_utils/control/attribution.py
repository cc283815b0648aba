"""Innocence: a breach that no cut mends is not best effort's doing, and best effort gets some of its room back.

A slow server breaches an objective just as a full link does. The difference shows only after the cuts: when best effort
has obeyed its least budget for a while and the breach stays what it was, the network carries no more than it carried
without harm before, and the cause lies elsewhere. Then the budget comes back in steps, to a share of what is known to
be harmless, and whatever gets worse meanwhile, against the worst that was seen at the least budget, takes it all back.
A server answers late or not at all, but a full link loses a part: where that is seen nobody is innocent.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..model.rate import human
from ..model.signals import Interval
from .guard import Guard

_LEAST_CUTS = 3
_NEAR = 1.1  # what is near the least budget, as a multiple of it
_USES = 0.85  # a budget of which less is sent has not been tried
_MATERIAL = 0.1
_ANOTHER = 0.5
_LOSSY_SHARE = 0.05  # of the windows; one that lost a single packet of 1000 is in a few of them
_LOSSY_LEAST = 3
_GOOD_FOR_S = 600.0
_FIRST_WAIT_S = 60.0
_LONGEST_WAIT_S = 600.0

Key: TypeAlias = tuple[str, str]
"""Workload and figure."""


@dataclass(frozen=True, slots=True)
class Figure:
    """One figure now: its value, the least difference that means anything, and its limit where it has one."""

    value: Interval
    grain: float
    limit: float | None

    @property
    def breached(self) -> bool:
        """Whether it is beyond its limit for certain."""
        return self.limit is not None and self.value.low > self.limit

    def worse_than(self, usual: float | None) -> bool:
        """Return whether it is materially and certainly worse than ``usual``, the worst before.

        What was within its limit, or not known, must not be beyond it now.
        """
        if self.limit is not None and (usual is None or usual <= self.limit):
            return self.breached
        if usual is None:
            return False
        return self.value.high > (1.0 + _MATERIAL) * usual and self.value.low >= usual + self.grain


@dataclass(frozen=True, slots=True)
class BreachObservation:
    """What one pass in a breach knows.

    ``floor_bps`` is the least that this breach may leave and ``cuts`` how many this episode has had. ``since_s`` is the
    beginning of the oldest window behind ``figures``; ``resolved`` says that every objective is met or breached.
    """

    now_s: float
    budget_bps: int
    floor_bps: int
    cuts: int
    figures: Mapping[Key, Figure]
    since_s: float
    resolved: bool
    best_effort_bps: float | None
    other_bps: float | None


@dataclass(frozen=True, slots=True)
class Attribution:
    """What follows for the budget; ``exonerated`` while best effort is not held for the cause."""

    budget_bps: float
    reason: str
    exonerated: bool = True


@dataclass(frozen=True, slots=True)
class AttributionState:
    """What speaks for best effort, and what came of acting on it. Rates in bit/s, times in monotonic s.

    Attributes:
        good_bps: what best effort was allowed, and sent where that is counted, when all was met.
        good_other_bps: what the other traffic was then.
        good_at_s: when that was last looked at.
        outlasted_s: for how long best effort was seen to obey the least budget for nothing; ``None`` while it does not.
        stress: the worst breach when that began, as a multiple of its limit.
        usual: the worst of every figure since then.
        heard: how many windows there were since then, or since the budget has been coming back.
        lossy: how many of them lost some packets but not all.
        stepped_s: when the budget was last raised; infinite while it is not being restored.
        failures: how often a restored budget was taken back.
        retry_s: no further attempt before.
        memory: what the policy knew before the episode.
    """

    good_bps: float = 0.0
    good_other_bps: float = 0.0
    good_at_s: float = -math.inf
    outlasted_s: float | None = None
    stress: float = 0.0
    usual: Mapping[Key, float] = field(default_factory=dict)
    heard: int = 0
    lossy: int = 0
    stepped_s: float = math.inf
    failures: int = 0
    retry_s: float = -math.inf
    memory: object = None

    @property
    def restoring(self) -> bool:
        """Whether best effort is held for innocent and its budget is coming back."""
        return self.stepped_s < math.inf

    @property
    def loses(self) -> bool:
        """Whether packets are lost as on a full link: time and again, and never all of them."""
        return self.lossy > max(_LOSSY_LEAST, _LOSSY_SHARE * self.heard)

    def closed(self) -> AttributionState:
        """Return the case without proof: what happened unseen, or since all was well, proves nothing."""
        return replace(self, outlasted_s=None, stepped_s=math.inf, usual={}, heard=0, lossy=0)

    def after(self, seen_s: float, *, obeyed: bool) -> AttributionState:
        """Return the case after another ``seen_s`` seconds in which the loop could see."""
        if self.outlasted_s is None:
            return self
        return replace(self, outlasted_s=self.outlasted_s + seen_s if obeyed else None)

    def met(
        self, now_s: float, budget_bps: int, best_effort_bps: float | None, other_bps: float | None
    ) -> AttributionState:
        """Return the case after a pass in which every objective was met: what was carried now is known good."""
        used_bps = budget_bps if best_effort_bps is None else min(best_effort_bps, budget_bps)
        kept = math.exp(-max(0.0, now_s - self.good_at_s) / _GOOD_FOR_S)
        good_bps, good_other_bps = kept * self.good_bps, kept * self.good_other_bps
        if used_bps + (other_bps or 0.0) >= good_bps + good_other_bps:
            good_bps, good_other_bps = used_bps, other_bps or 0.0
        failures = 0 if now_s >= self.retry_s + _LONGEST_WAIT_S else self.failures
        return replace(
            self.closed(), good_bps=good_bps, good_other_bps=good_other_bps, good_at_s=now_s, failures=failures
        )

    def shifted(self, by_s: float) -> AttributionState:
        """Return the same case on a clock that stepped by ``by_s`` seconds."""
        return replace(
            self,
            good_at_s=self.good_at_s + by_s,
            stepped_s=self.stepped_s + by_s,
            retry_s=self.retry_s + by_s,
        )


def attribute(
    case: AttributionState, guard: Guard, hearing: BreachObservation
) -> tuple[AttributionState, Attribution | None]:
    """Return the case after a pass in a breach, and the ruling; ``None`` means that the breach asks for a cut."""
    lossy = any(0.0 < figure.value.high < 1.0 for (_who, what), figure in hearing.figures.items() if what == "loss")
    case = replace(case, heard=case.heard + 1, lossy=case.lossy + lossy)
    if case.restoring:
        worse = [key for key, figure in hearing.figures.items() if figure.worse_than(case.usual.get(key))]
        if worse or case.loses:
            return _taken_back(case, hearing, f"{' '.join(worse[0])} got worse" if worse else "packets were lost")
        return (case.closed(), None) if _another(case, hearing) else _restored(case, guard, hearing)
    near = hearing.budget_bps <= _NEAR * hearing.floor_bps
    if hearing.cuts < _LEAST_CUTS or not near or not guard.enforced(hearing.budget_bps, hearing.best_effort_bps):
        return case.closed(), None
    case = _gathered(case, guard, hearing)
    return _restored(case, guard, hearing) if _proven(case, guard, hearing) else (case, None)


def _gathered(case: AttributionState, guard: Guard, hearing: BreachObservation) -> AttributionState:
    """Take the figures at the least budget in; an improvement begins the proof anew, for the cut may be working."""
    figures = hearing.figures
    stress = max(f.value.high / (f.limit or 1.0) for f in figures.values() if f.breached)
    if case.outlasted_s is None or stress < (1.0 - _MATERIAL) * case.stress:
        # What nobody counts is believed to be obeyed, but not at once.
        begun_s = -guard.enforce_s if hearing.best_effort_bps is None else 0.0
        usual = {key: figure.value.high for key, figure in figures.items()}
        return replace(case, outlasted_s=begun_s, stress=stress, usual=usual, heard=0, lossy=0)
    usual = {key: max(figure.value.high, case.usual.get(key, 0.0)) for key, figure in figures.items()}
    return replace(case, usual={**case.usual, **usual})


def _proven(case: AttributionState, guard: Guard, hearing: BreachObservation) -> bool:
    """Return whether best effort is innocent: it obeyed, it did not help, and no more is sent than is known good.

    A breach beyond the last bucket of a histogram could get worse unseen, so it proves nothing.
    """
    if (case.outlasted_s or 0.0) < guard.exonerate_after_s or hearing.now_s < case.retry_s:
        return False
    if case.loses or not hearing.resolved:
        return False
    watchable = all(math.isfinite(case.usual[key]) for key, figure in hearing.figures.items() if figure.breached)
    return watchable and _room_bps(case, hearing) >= hearing.budget_bps


def _another(case: AttributionState, hearing: BreachObservation) -> bool:
    """Return whether this is no longer the breach of the proof: it is not half as bad."""
    breached = [(key, figure) for key, figure in hearing.figures.items() if figure.breached]
    return all(figure.value.high < _ANOTHER * case.usual[key] for key, figure in breached)


def _room_bps(case: AttributionState, hearing: BreachObservation) -> float:
    """Return what best effort may send if the network carries no more than when all was met."""
    if hearing.other_bps is None:
        return case.good_bps
    return case.good_bps + case.good_other_bps - hearing.other_bps


def _restored(case: AttributionState, guard: Guard, hearing: BreachObservation) -> tuple[AttributionState, Attribution]:
    """Take the next step, if the last one has been watched and was used; feed forward what the others take."""
    now_s, budget_bps, room_bps = hearing.now_s, float(hearing.budget_bps), _room_bps(case, hearing)
    begun = case if case.restoring else replace(case, stepped_s=now_s, heard=0, lossy=0)
    ceiling_bps = max(guard.exonerated_share * room_bps, hearing.floor_bps)
    told = f"not the network; restored to at most {human(ceiling_bps)}"
    if budget_bps > room_bps:
        return begun, Attribution(max(room_bps, hearing.floor_bps), told)
    next_bps = min(2.0 * budget_bps, budget_bps + guard.raise_ratio * guard.maximum_bps, ceiling_bps)
    watched_s = case.stepped_s + guard.enforce_s + guard.settle_s
    watched = not case.restoring or (hearing.since_s >= watched_s and now_s >= case.stepped_s + guard.raise_every_s)
    sending_bps = hearing.best_effort_bps
    used = not case.restoring or sending_bps is None or sending_bps >= _USES * budget_bps
    if watched and used and hearing.resolved and next_bps > (1.0 + _MATERIAL) * budget_bps:
        return replace(begun, stepped_s=now_s), Attribution(next_bps, told)
    return begun, Attribution(budget_bps, told)


def _taken_back(case: AttributionState, hearing: BreachObservation, worse: str) -> tuple[AttributionState, Attribution]:
    """Everything goes back to the least budget, and the next attempt waits twice as long as this one did."""
    wait_s = min(_FIRST_WAIT_S * 2.0 ** min(case.failures, 10), _LONGEST_WAIT_S)
    reason = f"{worse} with a restored budget; no further attempt for {wait_s:.0f} s"
    case = replace(case.closed(), failures=case.failures + 1, retry_s=hearing.now_s + wait_s)
    return case, Attribution(hearing.floor_bps, reason, exonerated=False)

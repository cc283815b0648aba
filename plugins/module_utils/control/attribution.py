"""Attribution: a breach that no cut ends is not caused by best effort, and best effort gets part of its budget back.

A slow server breaches an objective just as a full link does. The difference shows only after the cuts: when best effort
has complied with the least budget for a while and the breach stays what it was, the network carries no more than it
carried without harm before, and the cause lies elsewhere. Then best effort is exonerated and its budget is restored in
steps, up to a share of what is known to be harmless. Any figure that gets worse than its worst at the least budget
revokes that. A server answers late or not at all; a full link loses a part, and then nobody is exonerated.
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
_AT_LEAST_BUDGET = 1.1  # a budget up to this multiple of the least one counts as the least
_USED_SHARE = 0.85  # a budget of which a smaller share is sent has not been tried
_MATERIAL = 0.1
_SAME_BREACH = 0.5
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

    def worse_than(self, worst: float | None) -> bool:
        """Return whether it is materially and certainly worse than ``worst``, its worst so far.

        What was within its limit, or not known, must not be beyond it now.
        """
        if self.limit is not None and (worst is None or worst <= self.limit):
            return self.breached
        if worst is None:
            return False
        return self.value.high > (1.0 + _MATERIAL) * worst and self.value.low >= worst + self.grain


@dataclass(frozen=True, slots=True)
class BreachObservation:
    """What one pass in a breach knows.

    ``floor_bps`` is the least that this breach may leave and ``cuts`` how many were made since all objectives were met.
    ``since_s`` is when the oldest window behind ``figures`` began; ``resolved``: every objective is met or breached.
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
    """What follows for the budget; ``exonerated``: best effort is not the cause."""

    budget_bps: float
    reason: str
    exonerated: bool = True


@dataclass(frozen=True, slots=True)
class AttributionState:
    """The evidence on whether best effort is the cause, kept between passes. Rates in bit/s, times in monotonic s.

    Attributes:
        good_bps: what best effort was allowed, and sent where that is counted, when all was met.
        good_other_bps: what the other traffic was then.
        good_at_s: when all was last met.
        complied_s: how long best effort has complied with the least budget in this breach; ``None``: it does not.
        breach_ratio: the worst breach when that began, as a multiple of its limit.
        worst: the worst of every figure since then.
        windows: how many windows there were since then, or since the restoration began.
        lossy_windows: how many of them lost some packets but not all.
        stepped_s: when the budget was last raised; infinite while it is not being restored.
        revocations: how often a restored budget was revoked.
        retry_s: no further attempt before.
        policy_memory: what the policy knew before the first cut.
    """

    good_bps: float = 0.0
    good_other_bps: float = 0.0
    good_at_s: float = -math.inf
    complied_s: float | None = None
    breach_ratio: float = 0.0
    worst: Mapping[Key, float] = field(default_factory=dict)
    windows: int = 0
    lossy_windows: int = 0
    stepped_s: float = math.inf
    revocations: int = 0
    retry_s: float = -math.inf
    policy_memory: object = None

    @property
    def restoring(self) -> bool:
        """Whether best effort is exonerated and its budget is being restored."""
        return self.stepped_s < math.inf

    @property
    def link_is_full(self) -> bool:
        """Whether packets are lost as on a full link: time and again, and never all of them."""
        return self.lossy_windows > max(_LOSSY_LEAST, _LOSSY_SHARE * self.windows)

    def reset(self) -> AttributionState:
        """Return the state without this breach's evidence: what nobody observed proves nothing."""
        return replace(self, complied_s=None, stepped_s=math.inf, worst={}, windows=0, lossy_windows=0)

    def after(self, observed_s: float, *, complies: bool) -> AttributionState:
        """Return the state after another ``observed_s`` seconds with fresh evidence."""
        if self.complied_s is None:
            return self
        return replace(self, complied_s=self.complied_s + observed_s if complies else None)

    def met(
        self, now_s: float, budget_bps: int, best_effort_bps: float | None, other_bps: float | None
    ) -> AttributionState:
        """Return the state after a pass in which every objective was met: what was carried now is known good."""
        used_bps = budget_bps if best_effort_bps is None else min(best_effort_bps, budget_bps)
        kept = math.exp(-max(0.0, now_s - self.good_at_s) / _GOOD_FOR_S)
        good_bps, good_other_bps = kept * self.good_bps, kept * self.good_other_bps
        if used_bps + (other_bps or 0.0) >= good_bps + good_other_bps:
            good_bps, good_other_bps = used_bps, other_bps or 0.0
        revocations = 0 if now_s >= self.retry_s + _LONGEST_WAIT_S else self.revocations
        return replace(
            self.reset(), good_bps=good_bps, good_other_bps=good_other_bps, good_at_s=now_s, revocations=revocations
        )

    def shifted(self, by_s: float) -> AttributionState:
        """Return the same state on a clock that stepped by ``by_s`` seconds."""
        return replace(
            self,
            good_at_s=self.good_at_s + by_s,
            stepped_s=self.stepped_s + by_s,
            retry_s=self.retry_s + by_s,
        )


def attribute(
    state: AttributionState, guard: Guard, breach: BreachObservation
) -> tuple[AttributionState, Attribution | None]:
    """Return the state after a pass in a breach, and the attribution; ``None`` means that the breach asks for a cut."""
    lossy = any(0.0 < one.value.high < 1.0 for (_workload, name), one in breach.figures.items() if name == "loss")
    state = replace(state, windows=state.windows + 1, lossy_windows=state.lossy_windows + lossy)
    if state.restoring:
        worse = [key for key, figure in breach.figures.items() if figure.worse_than(state.worst.get(key))]
        if worse or state.link_is_full:
            return _revoke(state, breach, f"{' '.join(worse[0])} got worse" if worse else "packets were lost")
        return (state.reset(), None) if _is_another_breach(state, breach) else _restore(state, guard, breach)
    at_least = breach.budget_bps <= _AT_LEAST_BUDGET * breach.floor_bps
    if breach.cuts < _LEAST_CUTS or not at_least or not guard.enforced(breach.budget_bps, breach.best_effort_bps):
        return state.reset(), None
    state = _with_figures(state, guard, breach)
    return _restore(state, guard, breach) if _exonerates(state, guard, breach) else (state, None)


def _with_figures(state: AttributionState, guard: Guard, breach: BreachObservation) -> AttributionState:
    """Take the figures at the least budget in; an improvement starts the evidence anew, for the cut may be working."""
    figures = breach.figures
    ratio = max(f.value.high / (f.limit or 1.0) for f in figures.values() if f.breached)
    if state.complied_s is None or ratio < (1.0 - _MATERIAL) * state.breach_ratio:
        # Where no bytes are counted best effort is taken to comply, but not at once.
        begun_s = -guard.enforce_s if breach.best_effort_bps is None else 0.0
        worst = {key: figure.value.high for key, figure in figures.items()}
        return replace(state, complied_s=begun_s, breach_ratio=ratio, worst=worst, windows=0, lossy_windows=0)
    worst = {key: max(figure.value.high, state.worst.get(key, 0.0)) for key, figure in figures.items()}
    return replace(state, worst={**state.worst, **worst})


def _exonerates(state: AttributionState, guard: Guard, breach: BreachObservation) -> bool:
    """Return whether best effort complied, it did not help, and no more is sent than is known good.

    A breach beyond the last bucket of a histogram could get worse unseen, so it proves nothing.
    """
    if (state.complied_s or 0.0) < guard.exonerate_after_s or breach.now_s < state.retry_s:
        return False
    if state.link_is_full or not breach.resolved:
        return False
    bounded = all(math.isfinite(state.worst[key]) for key, figure in breach.figures.items() if figure.breached)
    return bounded and _harmless_bps(state, breach) >= breach.budget_bps


def _is_another_breach(state: AttributionState, breach: BreachObservation) -> bool:
    """Return whether this is no longer the breach that was attributed: it is not half as bad."""
    breached = [(key, figure) for key, figure in breach.figures.items() if figure.breached]
    return all(figure.value.high < _SAME_BREACH * state.worst[key] for key, figure in breached)


def _harmless_bps(state: AttributionState, breach: BreachObservation) -> float:
    """Return what best effort may send if the network carries no more than when all was met."""
    if breach.other_bps is None:
        return state.good_bps
    return state.good_bps + state.good_other_bps - breach.other_bps


def _restore(state: AttributionState, guard: Guard, breach: BreachObservation) -> tuple[AttributionState, Attribution]:
    """Take the next step, if the last one was observed and used; make room for what other traffic takes."""
    now_s, budget_bps, harmless_bps = breach.now_s, float(breach.budget_bps), _harmless_bps(state, breach)
    begun = state if state.restoring else replace(state, stepped_s=now_s, windows=0, lossy_windows=0)
    ceiling_bps = max(guard.exonerated_share * harmless_bps, breach.floor_bps)
    reason = f"not the network; restored to at most {human(ceiling_bps)}"
    if budget_bps > harmless_bps:
        return begun, Attribution(max(harmless_bps, breach.floor_bps), reason)
    next_bps = min(2.0 * budget_bps, budget_bps + guard.raise_ratio * guard.maximum_bps, ceiling_bps)
    shown_s = state.stepped_s + guard.enforce_s + guard.settle_s
    observed = not state.restoring or (breach.since_s >= shown_s and now_s >= state.stepped_s + guard.raise_every_s)
    sending_bps = breach.best_effort_bps
    used = not state.restoring or sending_bps is None or sending_bps >= _USED_SHARE * budget_bps
    if observed and used and breach.resolved and next_bps > (1.0 + _MATERIAL) * budget_bps:
        return replace(begun, stepped_s=now_s), Attribution(next_bps, reason)
    return begun, Attribution(budget_bps, reason)


def _revoke(state: AttributionState, breach: BreachObservation, worse: str) -> tuple[AttributionState, Attribution]:
    """Go back to the least budget; the next attempt waits twice as long as this one did."""
    wait_s = min(_FIRST_WAIT_S * 2.0 ** min(state.revocations, 10), _LONGEST_WAIT_S)
    reason = f"{worse} with a restored budget; no further attempt for {wait_s:.0f} s"
    state = replace(state.reset(), revocations=state.revocations + 1, retry_s=breach.now_s + wait_s)
    return state, Attribution(breach.floor_bps, reason, exonerated=False)

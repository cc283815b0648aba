"""Policies: how far to move the budget. The guard decides whether; a policy never outvotes it.

The three policies of the v1 controller are kept as they were published, in bit/s: they are the baselines and
simple choices. Each is a frozen value with three pure methods, so another policy is one more class:

* ``cut``: an objective is breached; return a budget below the present one.
* ``hold``: nothing may grow (no fresh evidence, a cut that has not shown yet); return the present budget or less.
* ``grow``: every objective is met and the guard allows growth; return a budget at or above the present one, or a
  smaller one to trim early.

What a policy must remember travels in ``memory``, a frozen value of its own that the caller hands back unread.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..model.objectives import Finding, Verdict

_MBPS = 1_000_000


@dataclass(frozen=True, slots=True)
class Situation:
    """What a policy may know: the present budget, its bounds, the findings and, where counted, the traffic.

    ``queue_s`` is the worst path's p95 queueing delay in s, and ``standing_s`` its newest median, ``None`` where the
    source cannot tell. ``best_effort_bps`` is what best effort sends over the
    bottleneck and ``other_bps`` everything else there, critical traffic included; ``None`` means not counted.
    """

    now_s: float
    budget_bps: int
    minimum_bps: int
    maximum_bps: int
    findings: tuple[Finding, ...]
    queue_s: float = 0.0
    standing_s: float | None = None
    best_effort_bps: float | None = None
    other_bps: float | None = None

    def worst(self, *figures: str) -> float:
        """Return the largest stress among these figures (all of them when none is named); 0 when nothing is known."""
        known = [f.stress for f in self.findings if f.stress is not None and (not figures or f.figure in figures)]
        return max(known, default=0.0)

    def stands(self, share: float) -> bool:
        """Return whether a queue stands: it lifts the median too, where a busy host or a burst lifts the tail alone.

        A median above ``share`` of the p95 is one.
        """
        lost = any(f.figure == "loss" and f.verdict is Verdict.BREACHED for f in self.findings)
        if lost or self.standing_s is None or self.queue_s <= 0.0:
            return True
        return self.standing_s > share * self.queue_s

    def strain(self, standing: float) -> float:
        """Return how much of the room between the empty path and the nearest limit the queue takes.

        A tail without a queue is discounted: no more than the median over ``standing`` counts.
        """
        median_s = math.inf if self.standing_s is None else self.standing_s
        if (queue_s := min(self.queue_s, median_s / standing)) <= 0.0:
            return 0.0
        delays = [f for f in self.findings if f.figure in ("jitter", "latency") and f.value is not None]
        rooms = [self.queue_s + (f.limit - f.value.high) / 1e3 for f in delays if f.value is not None]
        return max((queue_s / room if room > 0.0 else 1.0 for room in rooms), default=0.0)


@dataclass(frozen=True, slots=True)
class Proposal:
    """A budget in bit/s, the reason in a few words, and the terms it was made from (for metrics and the audit log)."""

    budget_bps: float
    reason: str
    terms: Mapping[str, float] = field(default_factory=dict)


class Policy(Protocol):
    """What the guard asks of a policy."""

    @property
    def name(self) -> str:
        """The name by which configuration, metrics and reports know the policy."""

    def cut(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Answer a breach."""

    def hold(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Learn what can be learned while nothing may grow."""

    def grow(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Use the room that met objectives leave."""


class _Reactive:
    """A policy without foresight: while nothing may grow it keeps what it has."""

    __slots__ = ()

    def hold(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Keep the budget."""
        return Proposal(situation.budget_bps, "hold"), memory


@dataclass(frozen=True, slots=True)
class Steps(_Reactive):
    """+10 / -50 Mbit/s: the v1 controller's policy (in the published +10/-50 form)."""

    increase_bps: int = 10 * _MBPS
    decrease_bps: int = 50 * _MBPS
    name: str = "steps"

    def cut(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Take one large step down."""
        return Proposal(situation.budget_bps - self.decrease_bps, "one step down"), memory

    def grow(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Take one small step up."""
        return Proposal(situation.budget_bps + self.increase_bps, "one step up"), memory


@dataclass(frozen=True, slots=True)
class Smoothed:
    """The memory of ``Graded``: its smoothed figures as multiples of their limits."""

    jitter: float
    latency: float


@dataclass(frozen=True, slots=True)
class Graded(_Reactive):
    """+15 / -50 / -20 Mbit/s on smoothed figures: jitter means congestion, latency alone may mean distance.

    ``ewma_alpha`` weights the newest figure. Between ``dead_band`` and 1 times the limit nothing moves.
    """

    increase_bps: int = 15 * _MBPS
    aggressive_bps: int = 50 * _MBPS
    gentle_bps: int = 20 * _MBPS
    ewma_alpha: float = 0.7
    dead_band: float = 0.5
    name: str = "graded"

    def cut(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Step down far for jitter or loss, gently when only latency is over its limit."""
        smoothed = self._smooth(situation, memory)
        breached = {f.figure for f in situation.findings if f.verdict is Verdict.BREACHED}
        gentle = breached == {"latency"} and smoothed.jitter <= 1.0
        step_bps, reason = (self.gentle_bps, "latency alone") if gentle else (self.aggressive_bps, "congestion")
        return Proposal(situation.budget_bps - step_bps, reason, _terms(smoothed)), smoothed

    def grow(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Step up once both smoothed figures are below the dead band."""
        smoothed = self._smooth(situation, memory)
        if max(smoothed.jitter, smoothed.latency) > self.dead_band:
            return Proposal(situation.budget_bps, "inside the dead band", _terms(smoothed)), smoothed
        return Proposal(situation.budget_bps + self.increase_bps, "one step up", _terms(smoothed)), smoothed

    def _smooth(self, situation: Situation, memory: object) -> Smoothed:
        # One enormous figure must not keep the average over its limit for minutes.
        jitter, latency = min(10.0, situation.worst("jitter", "loss")), min(10.0, situation.worst("latency"))
        if not isinstance(memory, Smoothed):
            return Smoothed(jitter, latency)
        keep = 1.0 - self.ewma_alpha
        return Smoothed(
            self.ewma_alpha * jitter + keep * memory.jitter, self.ewma_alpha * latency + keep * memory.latency
        )


@dataclass(frozen=True, slots=True)
class Aimd(_Reactive):
    """-20 % / +10 Mbit/s: additive increase, multiplicative decrease, with the v1 controller's dead band."""

    increase_bps: int = 10 * _MBPS
    decrease_ratio: float = 0.2
    dead_band: float = 0.5
    name: str = "aimd"

    def cut(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Give up a fixed share."""
        return Proposal(situation.budget_bps * (1.0 - self.decrease_ratio), f"-{self.decrease_ratio:.0%}"), memory

    def grow(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Add one step below the dead band."""
        if situation.worst() > self.dead_band:
            return Proposal(situation.budget_bps, "inside the dead band"), memory
        return Proposal(situation.budget_bps + self.increase_bps, "one step up"), memory


def _terms(smoothed: Smoothed) -> Mapping[str, float]:
    return {"ewma_jitter_ratio": smoothed.jitter, "ewma_latency_ratio": smoothed.latency}

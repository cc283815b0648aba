"""The values that go into a pass of the loop and come out of it."""

from __future__ import annotations

import enum
import math
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import TypeAlias

from ..model.objectives import Finding, Objective
from ..model.samples import Sample
from ..model.signals import Signal
from .attribution import AttributionState
from .guard import Guard
from .policies import Policy
from .windows import BaseDelay

Evidence: TypeAlias = tuple[Sample, ...] | Signal | None


class Action(enum.Enum):
    """What became of the budget."""

    RAISE = "raise"
    HOLD = "hold"
    TRIM = "trim"
    CUT = "cut"
    DECAY = "decay"


class Mode(enum.Enum):
    """Which rule decided."""

    BREACH = "breach"  # guard: an objective is breached
    NOT_NETWORK = "not-network"  # guard: an objective is breached, but best effort was exonerated
    SETTLING = "settling"  # guard: the last cut has not had time to show
    BLIND = "blind"  # guard: no fresh evidence
    UNRESOLVED = "unresolved"  # guard: fresh evidence that cannot tell
    WAITING = "waiting"  # guard: met, but it is too early to grow
    GROWTH = "growth"  # policy


@dataclass(frozen=True, slots=True)
class Rules:
    """What one loop is given: the objectives, the guard that keeps them, and the policy for the room they leave."""

    objectives: tuple[Objective, ...]
    guard: Guard
    policy: Policy

    def __post_init__(self) -> None:
        """Refuse a loop that would grow on no evidence, or lose an objective.

        Raises:
            ValueError: no objectives, or two of one workload.
        """
        if not self.objectives:
            raise ValueError("a loop without an objective has nothing to protect")
        if len({objective.workload for objective in self.objectives}) < len(self.objectives):
            raise ValueError("a workload has one objective, with all its limits")


@dataclass(frozen=True, slots=True)
class Traffic:
    """Measured rates on the bottleneck over the last pass, in bit/s, best effort by target."""

    target_bps: Mapping[str, float]
    other_bps: float

    @property
    def best_effort_bps(self) -> float:
        """What all targets send together."""
        return sum(self.target_bps.values())


@dataclass(frozen=True, slots=True)
class Observation:
    """What the sources know now: samples or a signal for each critical workload, and the traffic where counted."""

    evidence: Mapping[str, Evidence]
    traffic: Traffic | None = None


@dataclass(frozen=True, slots=True)
class State:
    """What one pass leaves to the next. Times are monotonic seconds.

    ``enforced_s`` is when the last cut was seen to be enforced, infinite while it is waited for.
    """

    now_s: float
    budget_bps: int
    number: int = 0
    last_cut_s: float = -math.inf
    enforced_s: float = -math.inf
    cuts: int = 0
    last_raise_s: float = -math.inf
    grow_after_s: float = -math.inf
    seen_s: Mapping[str, float] = field(default_factory=dict)
    bases: Mapping[str, BaseDelay] = field(default_factory=dict)
    attribution: AttributionState = field(default_factory=AttributionState)
    memory: object = None

    @classmethod
    def at(cls, now_s: float, budget_bps: float, guard: Guard) -> State:
        """Take over a budget that is in force, with no evidence yet: growth waits as after blindness."""
        return cls(now_s, guard.bounded(budget_bps), grow_after_s=now_s + guard.recovery_s)

    def with_budget(self, budget_bps: int) -> State:
        """Return the same state on another budget: what is in force is not always what was decided."""
        return replace(self, budget_bps=budget_bps)

    def not_carried_out(self, before: State) -> State:
        """Return what a pass leaves whose decision nobody carried out: what was seen, and how long growth must wait.

        A cut that was never made is not waited for, and nothing is learned from its want of effect.
        """
        breached = self.last_cut_s > before.last_cut_s
        return replace(
            before,
            now_s=self.now_s,
            number=self.number,
            grow_after_s=self.grow_after_s,
            seen_s=self.seen_s,
            bases=self.bases,
            memory=before.memory if breached else self.memory,
        )

    def shifted(self, by_s: float) -> State:
        """Return the same state with every time moved: a clock that stepped back leaves all ages as they were."""
        return replace(
            self,
            now_s=self.now_s + by_s,
            last_cut_s=self.last_cut_s + by_s,
            enforced_s=self.enforced_s + by_s,
            last_raise_s=self.last_raise_s + by_s,
            grow_after_s=self.grow_after_s + by_s,
            seen_s={name: at_s + by_s for name, at_s in self.seen_s.items()},
            bases={name: base.shifted(by_s) for name, base in self.bases.items()},
            attribution=self.attribution.shifted(by_s),
        )


@dataclass(frozen=True, slots=True)
class Decision:
    """A budget in bit/s with everything it was made from; ``reason`` is one sentence for a person."""

    number: int
    at_s: float
    action: Action
    mode: Mode
    policy: str
    before_bps: int
    budget_bps: int
    reason: str
    findings: tuple[Finding, ...]
    signals: Mapping[str, Signal | None]
    traffic: Traffic | None
    terms: Mapping[str, float]

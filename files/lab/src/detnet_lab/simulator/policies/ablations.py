"""The learned policy with one part off each: what a part buys is what its absence costs, in the same worlds.

A part is off when the policy does what it would do had nobody thought of it; everything else, the settings too, stays.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields, replace
from functools import partial

from detnet.control.allocate import allocate, steady
from detnet.control.decision import Decision, Rules
from detnet.control.guard import Guard
from detnet.control.learned import Learned
from detnet.model.rate import Rate
from detnet.runtime.control_loop import ControlLoop
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.policies.production import ProductionController, ProductionPolicy
from detnet_lab.simulator.simulated_domain import SimulatedDomain

FULL = "learned"
_LEARNED = ProductionPolicy(FULL)
_OFF = math.inf
Change = Callable[[Rules], Rules]


@dataclass(frozen=True, slots=True)
class Ablation:
    """The learned policy without ``part``; ``instead`` says what it does there."""

    name: str
    part: str
    instead: str
    change: Change
    control_loop: type[ControlLoop] = ControlLoop

    def actuation_s(self, plant: Plant) -> float:
        """Return what the full policy has."""
        return _LEARNED.actuation_s(plant)

    def start(self, domain: SimulatedDomain) -> ProductionController:
        """Start a control loop on the caps in force."""
        return ProductionController(
            _LEARNED.settings(domain), domain, change=self.change, control_loop=self.control_loop
        )


class Unguarded(Guard):
    """No envelope: the policy's answer to a breach or to blindness stands, and growth neither waits nor is short."""

    __slots__ = ()

    def cut_limit(self, budget_bps: float, cuts: int, best_effort_bps: float | None, other_bps: float | None) -> float:
        """Ask for no cut."""
        return math.inf

    def blind_limit(self, budget_bps: float, age_s: float, elapsed_s: float) -> float:
        """Let a blind budget stand."""
        return budget_bps


class EqualDivision(ControlLoop):
    """Divides by weight alone, whatever the targets use."""

    def _allocate(self, decision: Decision, in_force: Mapping[str, Rate | None]) -> Mapping[str, Rate]:
        claims = self.parts.claims
        return steady(allocate(decision.budget_bps, claims), in_force, decision.budget_bps, claims)


def _learned(change: Callable[[Learned], Learned], rules: Rules) -> Rules:
    if not isinstance(rules.policy, Learned):
        raise TypeError(f"an ablation changes the learned policy, not {rules.policy.name}")
    return replace(rules, policy=change(rules.policy))


def _with(rules: Rules, **parameters: float) -> Rules:
    return _learned(partial(replace, **parameters), rules)


def _forecasting(rules: Rules, **parameters: float) -> Rules:
    return _learned(lambda policy: replace(policy, surprises=replace(policy.surprises, **parameters)), rules)


def _impatient(policy: Learned) -> Learned:
    return replace(policy, near_per_s=policy.most_per_s, most_confirmed=0)


def _unguarded(rules: Rules) -> Rules:
    same = {field.name: getattr(rules.guard, field.name) for field in fields(Guard)}
    free = {"cooldown_s": 0.0, "recovery_s": 0.0, "raise_every_s": 0.0, "raise_ratio": 1.0, "least_raise_bps": 0}
    return replace(rules, guard=Unguarded(**{**same, **free}))


def _unsettled(rules: Rules) -> Rules:
    return replace(rules, guard=replace(rules.guard, settle_s=0.0, enforce_s=0.0))


def _suspicious(rules: Rules) -> Rules:
    return replace(rules, guard=replace(rules.guard, exonerated_share=0.0))


def _unchanged(rules: Rules) -> Rules:
    return rules


_ABLATIONS = (
    Ablation("no-reserve", "reserve for rises", "none", partial(_forecasting, most_uncovered=1.0)),
    Ablation(
        "fixed-cover", "adaptive cover of rises", "stays where it starts", partial(_forecasting, learning_rate=0.0)
    ),
    Ablation("no-bursts", "burstiness between readings", "means are believed", partial(_forecasting, burst_step=1.0)),
    Ablation(
        "no-trim",
        "trim before the limit",
        "explores until a breach",
        partial(_with, grow_below=_OFF, trim_above=_OFF, alarm_above=_OFF),
    ),
    Ablation("no-patience", "patience near the knee", "as fast as far from it", partial(_learned, _impatient)),
    Ablation("no-standing", "telling queues from tails", "every delay is a queue", partial(_with, standing=1e-9)),
    Ablation("no-binding", "growth only while it binds", "grows unused", partial(_with, binding=0.0)),
    Ablation("no-tested", "growth only where tested", "explores untested", partial(_with, tested=0.0)),
    Ablation("equal-division", "division by demand", "by weight alone", _unchanged, EqualDivision),
    Ablation("no-settling", "waiting for a cut to show", "judges at once", _unsettled),
    Ablation("no-innocence", "innocence of what is not the network's", "cuts for ever", _suspicious),
    Ablation("no-guard", "guard", "the policy alone, within the bounds", _unguarded),
)

ABLATIONS: Mapping[str, Ablation] = {policy.name: policy for policy in _ABLATIONS}

"""The conditions of a domain's best-effort workloads, and the changes of condition that are worth an Event.

A cut and its end are moments. Blindness and a cap that nobody enforces last: they are reported when they begin and
every ten minutes while they last, so that the Event outlives the hour for which a cluster keeps it. A sentence says
"at most" only of a cap that is proved.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace

from detnet.control.decision import Action, Decision, Mode
from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.events import cut_effect
from detnet.kubernetes.events.cut_effect import CutEffect
from detnet.kubernetes.events.reasons import Reason
from detnet.model.objectives import Verdict
from detnet.model.rate import Rate, human
from detnet.telemetry.passes import Pass

REMIND_S = 600.0


class Condition(enum.IntEnum):
    """The condition of a workload's cap, the worse the greater."""

    NOT_THROTTLED = 0
    THROTTLED = 1
    BLIND = 2
    BLOCKED = 3


@dataclass(frozen=True, slots=True)
class WorkloadCondition:
    """A workload's cap over its pods in one domain (``None``: no cap, or unknown), its condition and the cause.

    ``proof`` says whether the cap is in force; ``None``: nothing counts bytes that could prove it.
    """

    cap: Rate | None
    condition: Condition
    cause: str = ""
    proof: Proof | None = None


@dataclass(frozen=True, slots=True)
class _Cut:
    """The last cut of the budget: caps may reach the pods some passes later."""

    number: int
    reason: str
    cause: str


@dataclass(slots=True)
class _Throttle:
    """From the first cut until the cap is back at ``cap_before``; ``reported``: the last cut with an Event."""

    since_s: float
    cap_before: Rate | None
    cause: str
    reported: int = 0


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """A change that is worth an Event."""

    target: str
    reason: Reason
    message: str


class ConditionTracker:
    """The conditions in one domain, kept from pass to pass."""

    def __init__(self, domain: str) -> None:
        self.conditions: Mapping[str, WorkloadCondition] = {}
        self._domain = domain
        self._cut: _Cut | None = None
        self._cut_effect: CutEffect | None = None
        self._throttles: dict[str, _Throttle] = {}
        self._reported_s: dict[tuple[str, Reason], float] = {}

    def after(
        self, one: Pass, not_enforced: Mapping[str, str], proofs: Mapping[str, Proof | None] | None = None
    ) -> list[ConditionChange]:
        """Take one pass in and return the changes.

        ``not_enforced``: by target, why its cap has no effect; ``proofs``: by target, whether its caps are in force.
        Both have also targets of this domain that get no share of the budget, because their caps have no effect.
        """
        decision, proofs = one.decision, proofs or {}
        targets = one.caps.keys() | proofs.keys()
        changes: list[ConditionChange] = []
        if one.blocked_reason is None:
            if decision.action is not Action.HOLD:
                cut = decision.action is Action.CUT
                self._cut = _Cut(decision.number, decision.reason, _worst(decision)) if cut else None
            changes += self._cap_changes(decision.at_s, one.in_force or {})
            blind = {target: decision.reason for target in one.caps if decision.mode is Mode.BLIND}
            changes += self._lasting(Reason.BLIND, blind, decision.at_s)
            mine = {target: why for target, why in not_enforced.items() if target in targets}
            changes += self._lasting(Reason.NOT_ENFORCED, mine, decision.at_s)
            self._cut_effect = cut_effect.after(self._cut_effect, decision)
            why = None if self._cut_effect is None else self._cut_effect.without_effect(decision)
            unproved = [target for target in one.caps if proofs.get(target) in {None, Proof.UNPROVED}]
            changes += self._lasting(Reason.NO_EFFECT, dict.fromkeys(unproved, why) if why else {}, decision.at_s)
        self._throttles = {target: each for target, each in self._throttles.items() if target in one.caps}
        self.conditions = {
            target: replace(self._condition(target, one), proof=proofs.get(target)) for target in targets
        }
        return changes

    def _cap_changes(self, now_s: float, in_force: Mapping[str, Rate | None]) -> Iterator[ConditionChange]:
        """Compare the caps that are in force with those of the pass before."""
        for target, cap in in_force.items():
            if cap is None:
                continue
            before = self.conditions[target].cap if target in self.conditions else None
            if self._cut is not None and (before is None or cap < before):
                throttle = self._throttles.setdefault(target, _Throttle(now_s, before, self._cut.cause))
                if throttle.reported != self._cut.number:
                    throttle.reported, throttle.cause = self._cut.number, self._cut.cause
                    fall = f"cap {'' if before is None else f'{before} to '}{cap}"
                    yield ConditionChange(target, Reason.THROTTLED, f"{fall} on {self._domain}: {self._cut.reason}")
                continue
            ended = self._throttles.get(target)
            if ended is not None and ended.cap_before is not None and cap >= ended.cap_before:
                del self._throttles[target]
                lasted = f"{now_s - ended.since_s:.0f} s after the first cut for {ended.cause}"
                yield ConditionChange(target, Reason.RELEASED, f"cap back at {cap} on {self._domain}, {lasted}")

    def _lasting(self, reason: Reason, targets: Mapping[str, str], now_s: float) -> Iterator[ConditionChange]:
        for target, reported in list(self._reported_s):
            if reported is reason and target not in targets:
                del self._reported_s[target, reason]
        for target, why in targets.items():
            if now_s - self._reported_s.get((target, reason), -REMIND_S) >= REMIND_S:
                self._reported_s[target, reason] = now_s
                yield ConditionChange(target, reason, f"{why} (on {self._domain})")

    def _condition(self, target: str, one: Pass) -> WorkloadCondition:
        before = self.conditions.get(target, WorkloadCondition(None, Condition.NOT_THROTTLED))
        # A target without a share of the budget keeps its cap.
        kept = one.in_force is None or target not in one.caps
        cap = before.cap if kept else (one.in_force or {}).get(target)
        if one.blocked_reason is not None:
            return WorkloadCondition(cap, Condition.BLOCKED, one.blocked_reason)
        if one.decision.mode is Mode.BLIND:
            return WorkloadCondition(cap, Condition.BLIND)
        throttle = self._throttles.get(target)
        if throttle is None:
            return WorkloadCondition(cap, Condition.NOT_THROTTLED)
        return WorkloadCondition(cap, Condition.THROTTLED, throttle.cause)


def describe(by_domain: Mapping[str, WorkloadCondition]) -> str:
    """Return the condition of a workload over its domains as a sentence that small steps of a cap do not change."""
    worst = max(by_domain.values(), key=lambda one: one.condition)
    caps = [one.cap for one in by_domain.values() if one.cap is not None]
    where = f" on {len(by_domain)} nodes" if len(by_domain) > 1 else ""
    total = f"{_SAYS[_least_proof(by_domain.values())].format(_rounded(sum(cap.bps for cap in caps)))}{where}"
    if len(caps) < len(by_domain):
        total = f"no cap{where}" if not caps else f"{total}, not everywhere"
    reasons = {
        Condition.NOT_THROTTLED: "not throttled",
        Condition.THROTTLED: f"throttled for {worst.cause}",
        Condition.BLIND: "no fresh evidence",
        Condition.BLOCKED: f"left alone ({worst.cause})",
    }
    return f"{total}, {reasons[worst.condition]}"


_SAYS = {
    None: "cap {}, which nothing proves",
    Proof.PROVED: "at most {}",
    Proof.UNPROVED: "cap {}, not yet proved",
    Proof.DISPROVED: "cap {}, not enforced",
}


def _least_proof(conditions: Iterable[WorkloadCondition]) -> Proof | None:
    """Return the state of the caps of all domains together: the worst of them."""
    found = [one.proof for one in conditions if one.cap is not None]
    known = [proof for proof in found if proof is not None]
    return max(known) if known and len(known) == len(found) else None


def _rounded(bps: int) -> str:
    """Return a rate with two digits."""
    size = 10 ** max(0, len(str(bps)) - 2)
    return human(round(bps / size) * size)


def _worst(decision: Decision) -> str:
    """Return the critical workload that a cut is for."""
    breached = [finding for finding in decision.findings if finding.verdict is Verdict.BREACHED]
    return max(breached, key=lambda finding: finding.stress or 0.0).workload if breached else "the objectives"

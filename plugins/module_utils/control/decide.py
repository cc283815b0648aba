"""One pass of the loop, as a pure function: what was seen in, a decision with its reason out.

``decide`` owns the order of the rules and nothing else: evidence to findings (``assess``), the guard first
(``guard``), then the policy for what the guard leaves open (``policies``). It never raises a budget unless every
objective is met on fresh evidence, or best effort was exonerated (``attribution``); everything the next pass must know
is in ``State``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ..model.objectives import Finding, Priority, Verdict
from ..model.rate import human
from .assessment import Assessment, assess, figures, ingest, note_enforcement, usable_rate, window_start_s
from .attribution import Attribution, AttributionState, BreachObservation, attribute
from .decision import Action, Decision, Mode, Observation, Rules, State
from .guard import Guard
from .policies import Proposal, Situation

Assessments: TypeAlias = Mapping[str, Assessment]


@dataclass(frozen=True, slots=True)
class _Outcome:
    """Which rule decided and what it asks for, with what policy and attribution then remember."""

    mode: Mode
    proposal: Proposal
    memory: object
    attribution: AttributionState


def decide(rules: Rules, state: State, observation: Observation, *, now_s: float) -> tuple[Decision, State]:
    """Make one pass.

    Raises:
        ValueError: ``now_s`` is not a finite number.
    """
    if not math.isfinite(now_s):
        raise ValueError(f"the time of a pass must be a finite number of seconds, not {now_s}")
    guard = rules.guard
    if now_s < state.now_s:
        state = state.shifted(now_s - state.now_s)
        state = replace(state, grow_after_s=max(state.grow_after_s, now_s + guard.recovery_s))
    state = state.with_budget(guard.bounded(state.budget_bps))
    state = note_enforcement(guard, ingest(rules, state, observation, now_s), observation, now_s)
    assessments = {
        o.workload: assess(guard, o, state, observation.evidence.get(o.workload), now_s) for o in rules.objectives
    }
    outcome = _apply_rules(rules, state, _situation(guard, state, assessments, observation, now_s), assessments)
    budget_bps = guard.bounded(outcome.proposal.budget_bps)
    if outcome.mode not in (Mode.GROWTH, Mode.NOT_NETWORK):
        budget_bps = min(budget_bps, state.budget_bps)
    action = _action(outcome.mode, state.budget_bps, budget_bps)
    decision = Decision(
        number=state.number + 1,
        at_s=now_s,
        action=action,
        mode=outcome.mode,
        policy=rules.policy.name,
        before_bps=state.budget_bps,
        budget_bps=budget_bps,
        reason=_reason(action, state.budget_bps, budget_bps, outcome.proposal.reason),
        findings=tuple(finding for each in assessments.values() for finding in each.findings),
        signals={name: each.signal for name, each in assessments.items()},
        traffic=observation.traffic,
        terms=outcome.proposal.terms,
    )
    return decision, _next_state(guard, state, decision, outcome)


def _situation(
    guard: Guard, state: State, assessments: Assessments, observation: Observation, now_s: float
) -> Situation:
    traffic = observation.traffic
    return Situation(
        now_s=now_s,
        budget_bps=state.budget_bps,
        minimum_bps=guard.minimum_bps,
        maximum_bps=guard.maximum_bps,
        findings=tuple(finding for each in assessments.values() for finding in each.findings),
        queue_s=max((each.queue_s for each in assessments.values()), default=0.0),
        standing_s=max((each.standing_s for each in assessments.values() if each.standing_s is not None), default=None),
        best_effort_bps=usable_rate(traffic.best_effort_bps) if traffic else None,
        other_bps=usable_rate(traffic.other_bps) if traffic else None,
    )


def _apply_rules(rules: Rules, state: State, situation: Situation, assessments: Assessments) -> _Outcome:
    """Apply the rules in their order; the first that has something to say decides."""
    guard = rules.guard
    verdicts = {v: [f for f in situation.findings if f.verdict is v] for v in Verdict}
    blind, breached, unresolved = (verdicts[v] for v in (Verdict.BLIND, Verdict.BREACHED, Verdict.UNRESOLVED))
    elapsed_s = situation.now_s - state.now_s
    limit_bps = guard.blind_limit(float(situation.budget_bps), _blind_for_s(situation.findings), elapsed_s)
    # What happened unseen proves nothing, be it blind or between two passes.
    complies = guard.enforced(situation.budget_bps, situation.best_effort_bps)
    after = state.attribution.after(min(elapsed_s, guard.fresh_for_s), complies=complies)
    state = replace(state, attribution=state.attribution.reset() if blind else after)
    if breached:
        return _breached(rules, state, situation, assessments, limit_bps)
    settling = any(each.settling for each in assessments.values())
    if not blind and not settling and not unresolved:
        return _grow(rules, state, situation)
    proposal, memory = _propose(rules.policy.hold, situation, state.memory)
    if blind:
        oldest = max(blind, key=lambda f: f.age_s)
        mode, why = Mode.BLIND, f"no fresh evidence of {oldest.workload} for {oldest.age_s:.1f} s"
    elif settling:
        mode, why = Mode.SETTLING, "the last cut has not had time to show"
    else:
        mode, why = Mode.UNRESOLVED, f"the evidence cannot tell: {unresolved[0]}"
    return _Outcome(mode, _with_budget(proposal, min(limit_bps, proposal.budget_bps), why), memory, state.attribution)


def _blind_for_s(findings: Sequence[Finding]) -> float:
    """Return the age that a blind budget decays by; 0 where blindness only holds.

    An important workload out of sight is no reason to take from best effort, unless nothing at all is in sight.
    """
    blind = [f for f in findings if f.verdict is Verdict.BLIND]
    critical_s = [f.age_s for f in blind if f.priority is Priority.CRITICAL]
    if critical_s:
        return max(critical_s)
    return min((f.age_s for f in blind), default=0.0) if len(blind) == len(findings) else 0.0


def _breached(rules: Rules, state: State, situation: Situation, assessments: Assessments, limit_bps: float) -> _Outcome:
    """Cut, whatever the cause may be; only a cut that changes nothing exonerates best effort."""
    guard, budget_bps = rules.guard, situation.budget_bps
    breached = [f for f in situation.findings if f.verdict is Verdict.BREACHED]
    worst = max(breached, key=lambda f: f.stress or 0.0)
    floor_bps = guard.minimum_bps
    if all(f.priority is Priority.IMPORTANT for f in breached):
        floor_bps = min(guard.safe_bps, budget_bps)
    situation = replace(situation, minimum_bps=floor_bps)  # a policy must not learn from a cut that was not made
    kept, attribution = _attribute(guard, state, situation, assessments)
    if attribution is not None and attribution.exonerated:
        proposal, memory = _propose(rules.policy.hold, situation, state.memory)
        proposal = _with_budget(proposal, attribution.budget_bps, f"{worst}; {attribution.reason}")
        return _Outcome(Mode.NOT_NETWORK, proposal, memory, kept)
    if state.cuts == 0:
        kept = replace(kept, policy_memory=state.memory)
    proposal, memory = _propose(rules.policy.cut, situation, state.memory)
    if attribution is not None:
        return _Outcome(Mode.BREACH, _with_budget(proposal, attribution.budget_bps, attribution.reason), memory, kept)
    most_bps = guard.cut_limit(budget_bps, state.cuts, situation.best_effort_bps, situation.other_bps)
    most_bps = max(min(most_bps, limit_bps, proposal.budget_bps), floor_bps)
    return _Outcome(Mode.BREACH, _with_budget(proposal, most_bps, str(worst)), memory, kept)


def _attribute(
    guard: Guard, state: State, situation: Situation, assessments: Assessments
) -> tuple[AttributionState, Attribution | None]:
    if any(f.verdict is Verdict.BLIND for f in situation.findings):
        return state.attribution, None
    breach = BreachObservation(
        now_s=situation.now_s,
        budget_bps=situation.budget_bps,
        floor_bps=situation.minimum_bps,
        cuts=state.cuts,
        figures=figures(assessments),
        since_s=window_start_s(assessments.values()),
        resolved=all(f.verdict in (Verdict.MET, Verdict.BREACHED) for f in situation.findings),
        best_effort_bps=situation.best_effort_bps,
        other_bps=situation.other_bps,
    )
    return attribute(state.attribution, guard, breach)


def _grow(rules: Rules, state: State, situation: Situation) -> _Outcome:
    """Ask the policy; what it learned from a breach that was not the network's is forgotten."""
    before = state.attribution
    known = before.policy_memory if before.restoring else state.memory
    proposal, memory = _propose(rules.policy.grow, situation, known)
    kept = before.met(situation.now_s, situation.budget_bps, situation.best_effort_bps, situation.other_bps)
    mode, proposal = _limit_growth(rules.guard, state, situation, proposal)
    return _Outcome(mode, proposal, memory, kept)


def _limit_growth(guard: Guard, state: State, situation: Situation, proposal: Proposal) -> tuple[Mode, Proposal]:
    """Bound how far and how often a budget is raised; a trim needs no permission."""
    budget_bps = situation.budget_bps
    if proposal.budget_bps <= budget_bps:
        return Mode.GROWTH, proposal
    if budget_bps >= guard.maximum_bps:
        return Mode.WAITING, _with_budget(proposal, budget_bps, "all met; at the maximum")
    wait_s = max(state.grow_after_s, state.last_raise_s + guard.raise_every_s) - situation.now_s
    if wait_s > 0.0:
        return Mode.WAITING, _with_budget(proposal, budget_bps, f"all met; growth waits {wait_s:.0f} s more")
    largest_bps = min(guard.raise_ratio * guard.maximum_bps, guard.maximum_bps - budget_bps)
    raise_bps = min(proposal.budget_bps - budget_bps, largest_bps)
    if raise_bps < min(guard.least_raise_bps, largest_bps):
        return Mode.WAITING, _with_budget(proposal, budget_bps, "all met; the raise is not worth a write yet")
    return Mode.GROWTH, _with_budget(proposal, budget_bps + raise_bps, f"all met; {proposal.reason}")


def _propose(
    policy: Callable[[Situation, object], tuple[Proposal, object]], situation: Situation, memory: object
) -> tuple[Proposal, object]:
    """Call a policy; its failure must neither stop the loop nor keep the guard from cutting."""
    try:
        proposal, memory_after = policy(situation, memory)
        finite = isinstance(proposal, Proposal) and math.isfinite(proposal.budget_bps)
    except Exception as error:  # noqa: BLE001 - whatever a policy does wrong, the guard decides without it
        return Proposal(situation.budget_bps, f"the policy failed: {error!r}", {"policy_failed": 1.0}), memory
    if not finite:
        return Proposal(situation.budget_bps, "the policy proposed no number", {"policy_failed": 1.0}), memory
    return proposal, memory_after


def _with_budget(proposal: Proposal, budget_bps: float, reason: str) -> Proposal:
    return replace(proposal, budget_bps=budget_bps, reason=reason)


def _action(mode: Mode, before_bps: int, after_bps: int) -> Action:
    if after_bps > before_bps:
        return Action.RAISE
    if after_bps == before_bps:
        return Action.HOLD
    return {Mode.BREACH: Action.CUT, Mode.BLIND: Action.DECAY}.get(mode, Action.TRIM)


def _reason(action: Action, before_bps: int, after_bps: int, reason: str) -> str:
    reason = " ".join(reason.split())  # one line, whatever a policy wrote
    if action is Action.HOLD:
        return f"hold {human(before_bps)}: {reason}"
    return f"{action.value} {human(before_bps)} to {human(after_bps)}: {reason}"


def _next_state(guard: Guard, state: State, decision: Decision, outcome: _Outcome) -> State:
    now_s, cuts, grow_after_s, last_cut_s = decision.at_s, state.cuts, state.grow_after_s, state.last_cut_s
    enforced_s = state.enforced_s
    if decision.mode is Mode.BREACH:
        last_cut_s, cuts, enforced_s = now_s, cuts + 1, math.inf
    elif decision.mode in (Mode.WAITING, Mode.GROWTH):
        cuts = 0
    if decision.mode in (Mode.BREACH, Mode.NOT_NETWORK):
        grow_after_s = max(grow_after_s, now_s + guard.cooldown_s)
    blind_s = max((f.age_s for f in decision.findings if f.verdict is Verdict.BLIND), default=None)
    if blind_s is not None:  # also beside another's breach
        grow_after_s = max(grow_after_s, now_s + guard.recovery_after(blind_s))
    return replace(
        state,
        now_s=now_s,
        budget_bps=decision.budget_bps,
        number=decision.number,
        last_cut_s=last_cut_s,
        enforced_s=enforced_s,
        cuts=cuts,
        grow_after_s=grow_after_s,
        last_raise_s=now_s if decision.action is Action.RAISE else state.last_raise_s,
        attribution=outcome.attribution,
        memory=outcome.memory,
    )

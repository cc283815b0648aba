"""One pass of the loop, as a pure function: what was seen in, a decision with its reason out.

``decide`` owns the order of the rules and nothing else: evidence to findings (``assess``), the guard first
(``guard``), then the policy for what the guard leaves open (``policies``). It never raises a budget unless every
objective is met on fresh evidence, or best effort was proved innocent of the breach (``attribution``); everything the
next pass must know is in ``State``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

from ..model.objectives import Finding, Priority, Verdict
from ..model.rate import human
from .assessment import Assessment, assess, counted, enforced, figures, ingest, window_start_s
from .attribution import Attribution, AttributionState, BreachObservation, attribute
from .decision import Action, Decision, Mode, Observation, Rules, State
from .guard import Guard
from .policies import Proposal, Situation

Looks: TypeAlias = Mapping[str, Assessment]


@dataclass(frozen=True, slots=True)
class _Answer:
    """Which rule decided and what it asks for, with what the policy and the guard then remember."""

    mode: Mode
    proposal: Proposal
    memory: object
    case: AttributionState


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
    state = enforced(guard, ingest(rules, state, observation, now_s), observation, now_s)
    looks = {o.workload: assess(guard, o, state, observation.evidence.get(o.workload), now_s) for o in rules.objectives}
    answer = _answer(rules, state, _situation(guard, state, looks, observation, now_s), looks)
    budget_bps = guard.bounded(answer.proposal.budget_bps)
    if answer.mode not in (Mode.GROWTH, Mode.NOT_NETWORK):
        budget_bps = min(budget_bps, state.budget_bps)
    action = _action(answer.mode, state.budget_bps, budget_bps)
    decision = Decision(
        number=state.number + 1,
        at_s=now_s,
        action=action,
        mode=answer.mode,
        policy=rules.policy.name,
        before_bps=state.budget_bps,
        budget_bps=budget_bps,
        reason=_sentence(action, state.budget_bps, budget_bps, answer.proposal.reason),
        findings=tuple(finding for each in looks.values() for finding in each.findings),
        signals={name: each.signal for name, each in looks.items()},
        traffic=observation.traffic,
        terms=answer.proposal.terms,
    )
    return decision, _next_state(guard, state, decision, answer)


def _situation(guard: Guard, state: State, looks: Looks, observation: Observation, now_s: float) -> Situation:
    traffic = observation.traffic
    return Situation(
        now_s=now_s,
        budget_bps=state.budget_bps,
        minimum_bps=guard.minimum_bps,
        maximum_bps=guard.maximum_bps,
        findings=tuple(finding for each in looks.values() for finding in each.findings),
        queue_s=max((each.queue_s for each in looks.values()), default=0.0),
        standing_s=max((each.standing_s for each in looks.values() if each.standing_s is not None), default=None),
        best_effort_bps=counted(traffic.best_effort_bps) if traffic else None,
        other_bps=counted(traffic.other_bps) if traffic else None,
    )


def _answer(rules: Rules, state: State, situation: Situation, looks: Looks) -> _Answer:
    """Apply the rules in their order; the first that has something to say decides."""
    guard = rules.guard
    verdicts = {v: [f for f in situation.findings if f.verdict is v] for v in Verdict}
    blind, breached, unresolved = (verdicts[v] for v in (Verdict.BLIND, Verdict.BREACHED, Verdict.UNRESOLVED))
    elapsed_s = situation.now_s - state.now_s
    limit_bps = guard.blind_limit(float(situation.budget_bps), _blind_for_s(situation.findings), elapsed_s)
    # What happened unseen proves nothing, be it blind or between two passes.
    obeyed = guard.enforced(situation.budget_bps, situation.best_effort_bps)
    case = state.case.closed() if blind else state.case.after(min(elapsed_s, guard.fresh_for_s), obeyed=obeyed)
    state = replace(state, case=case)
    if breached:
        return _breached(rules, state, situation, looks, limit_bps)
    settling = any(each.settling for each in looks.values())
    if not blind and not settling and not unresolved:
        return _grow(rules, state, situation)
    proposal, memory = _ask(rules.policy.hold, situation, state.memory)
    if blind:
        oldest = max(blind, key=lambda f: f.age_s)
        mode, why = Mode.BLIND, f"no fresh evidence of {oldest.workload} for {oldest.age_s:.1f} s"
    elif settling:
        mode, why = Mode.SETTLING, "the last cut has not had time to show"
    else:
        mode, why = Mode.UNRESOLVED, f"the evidence cannot tell: {unresolved[0]}"
    return _Answer(mode, _but(proposal, min(limit_bps, proposal.budget_bps), why), memory, state.case)


def _blind_for_s(findings: Sequence[Finding]) -> float:
    """Return the age that a blind budget decays by; 0 where blindness only holds.

    An important workload out of sight is no reason to take from best effort, unless nothing at all is in sight.
    """
    blind = [f for f in findings if f.verdict is Verdict.BLIND]
    critical_s = [f.age_s for f in blind if f.priority is Priority.CRITICAL]
    if critical_s:
        return max(critical_s)
    return min((f.age_s for f in blind), default=0.0) if len(blind) == len(findings) else 0.0


def _breached(rules: Rules, state: State, situation: Situation, looks: Looks, limit_bps: float) -> _Answer:
    """Cut, however innocent best effort may look; only the cut's own failure can prove that it is."""
    guard, budget_bps = rules.guard, situation.budget_bps
    breached = [f for f in situation.findings if f.verdict is Verdict.BREACHED]
    worst = max(breached, key=lambda f: f.stress or 0.0)
    floor_bps = guard.minimum_bps
    if all(f.priority is Priority.IMPORTANT for f in breached):
        floor_bps = min(guard.safe_bps, budget_bps)
    situation = replace(situation, minimum_bps=floor_bps)  # a policy must not learn from a cut that was not made
    case, ruling = _hear(guard, state, situation, looks)
    if ruling is not None and ruling.exonerated:
        proposal, memory = _ask(rules.policy.hold, situation, state.memory)
        return _Answer(Mode.NOT_NETWORK, _but(proposal, ruling.budget_bps, f"{worst}; {ruling.reason}"), memory, case)
    if state.cuts == 0:
        case = replace(case, memory=state.memory)
    proposal, memory = _ask(rules.policy.cut, situation, state.memory)
    if ruling is not None:
        return _Answer(Mode.BREACH, _but(proposal, ruling.budget_bps, ruling.reason), memory, case)
    most_bps = guard.cut_limit(budget_bps, state.cuts, situation.best_effort_bps, situation.other_bps)
    most_bps = max(min(most_bps, limit_bps, proposal.budget_bps), floor_bps)
    return _Answer(Mode.BREACH, _but(proposal, most_bps, str(worst)), memory, case)


def _hear(
    guard: Guard, state: State, situation: Situation, looks: Looks
) -> tuple[AttributionState, Attribution | None]:
    if any(f.verdict is Verdict.BLIND for f in situation.findings):
        return state.case, None
    hearing = BreachObservation(
        now_s=situation.now_s,
        budget_bps=situation.budget_bps,
        floor_bps=situation.minimum_bps,
        cuts=state.cuts,
        figures=figures(looks),
        since_s=window_start_s(looks.values()),
        resolved=all(f.verdict in (Verdict.MET, Verdict.BREACHED) for f in situation.findings),
        best_effort_bps=situation.best_effort_bps,
        other_bps=situation.other_bps,
    )
    return attribute(state.case, guard, hearing)


def _grow(rules: Rules, state: State, situation: Situation) -> _Answer:
    """Ask the policy; what it learned from a breach that was not the network's is forgotten."""
    known = state.case.memory if state.case.restoring else state.memory
    proposal, memory = _ask(rules.policy.grow, situation, known)
    case = state.case.met(situation.now_s, situation.budget_bps, situation.best_effort_bps, situation.other_bps)
    mode, proposal = _enveloped(rules.guard, state, situation, proposal)
    return _Answer(mode, proposal, memory, case)


def _enveloped(guard: Guard, state: State, situation: Situation, proposal: Proposal) -> tuple[Mode, Proposal]:
    """Keep a proposal inside the envelope; a trim needs no permission."""
    budget_bps = situation.budget_bps
    if proposal.budget_bps <= budget_bps:
        return Mode.GROWTH, proposal
    if budget_bps >= guard.maximum_bps:
        return Mode.WAITING, _but(proposal, budget_bps, "all met; at the maximum")
    wait_s = max(state.grow_after_s, state.last_raise_s + guard.raise_every_s) - situation.now_s
    if wait_s > 0.0:
        return Mode.WAITING, _but(proposal, budget_bps, f"all met; growth waits {wait_s:.0f} s more")
    largest_bps = min(guard.raise_ratio * guard.maximum_bps, guard.maximum_bps - budget_bps)
    raise_bps = min(proposal.budget_bps - budget_bps, largest_bps)
    if raise_bps < min(guard.least_raise_bps, largest_bps):
        return Mode.WAITING, _but(proposal, budget_bps, "all met; the raise is not worth a write yet")
    return Mode.GROWTH, _but(proposal, budget_bps + raise_bps, f"all met; {proposal.reason}")


def _ask(
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


def _but(proposal: Proposal, budget_bps: float, reason: str) -> Proposal:
    return replace(proposal, budget_bps=budget_bps, reason=reason)


def _action(mode: Mode, before_bps: int, after_bps: int) -> Action:
    if after_bps > before_bps:
        return Action.RAISE
    if after_bps == before_bps:
        return Action.HOLD
    return {Mode.BREACH: Action.CUT, Mode.BLIND: Action.DECAY}.get(mode, Action.TRIM)


def _sentence(action: Action, before_bps: int, after_bps: int, reason: str) -> str:
    reason = " ".join(reason.split())  # one line, whatever a policy wrote
    if action is Action.HOLD:
        return f"hold {human(before_bps)}: {reason}"
    return f"{action.value} {human(before_bps)} to {human(after_bps)}: {reason}"


def _next_state(guard: Guard, state: State, decision: Decision, answer: _Answer) -> State:
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
        case=answer.case,
        memory=answer.memory,
    )

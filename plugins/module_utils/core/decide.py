"""One pass of the loop, as a pure function: what was seen in, a decision with its reason out.

``decide`` owns the order of the rules and nothing else: evidence to findings (``look``), the guard first
(``guard``), then the policy for what the guard leaves open (``policies``). It never raises a budget unless every
objective is met on fresh evidence; everything the next pass must know is in ``State``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace

from .decision import Action, Decision, Mode, Observation, Rules, State
from .guard import Guard
from .look import counted, enforced, look, take_in
from .objectives import Verdict
from .policies import Proposal, Situation
from .rate import human


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
    state = enforced(guard, take_in(rules, state, observation, now_s), observation, now_s)
    looks = {o.workload: look(guard, o, state, observation.evidence.get(o.workload), now_s) for o in rules.objectives}
    situation = Situation(
        now_s=now_s,
        budget_bps=state.budget_bps,
        minimum_bps=guard.minimum_bps,
        maximum_bps=guard.maximum_bps,
        findings=tuple(finding for each in looks.values() for finding in each.findings),
        queue_s=max((each.queue_s for each in looks.values()), default=0.0),
        standing_s=max((each.standing_s for each in looks.values() if each.standing_s is not None), default=None),
        best_effort_bps=counted(observation.traffic.best_effort_bps) if observation.traffic else None,
        other_bps=counted(observation.traffic.other_bps) if observation.traffic else None,
    )
    settling = any(each.settling for each in looks.values())
    mode, proposal, memory = _answer(rules, state, situation, settling=settling)
    budget_bps = guard.bounded(proposal.budget_bps)
    if mode is not Mode.GROWTH:
        budget_bps = min(budget_bps, state.budget_bps)
    action = _action(mode, state.budget_bps, budget_bps)
    decision = Decision(
        number=state.number + 1,
        at_s=now_s,
        action=action,
        mode=mode,
        policy=rules.policy.name,
        before_bps=state.budget_bps,
        budget_bps=budget_bps,
        reason=_sentence(action, state.budget_bps, budget_bps, proposal.reason),
        findings=situation.findings,
        signals={name: each.signal for name, each in looks.items()},
        traffic=observation.traffic,
        terms=proposal.terms,
    )
    return decision, _next_state(guard, state, decision, memory)


def _answer(rules: Rules, state: State, situation: Situation, *, settling: bool) -> tuple[Mode, Proposal, object]:
    """Apply the rules in their order; the first that has something to say decides."""
    guard, budget_bps, memory = rules.guard, float(situation.budget_bps), state.memory
    verdicts = {v: [f for f in situation.findings if f.verdict is v] for v in Verdict}
    blind, unresolved = verdicts[Verdict.BLIND], verdicts[Verdict.UNRESOLVED]
    if blind:
        oldest = max(blind, key=lambda f: f.age_s)
        budget_bps = guard.blind_limit(budget_bps, oldest.age_s, situation.now_s - state.now_s)
    if verdicts[Verdict.BREACHED]:
        worst = max(verdicts[Verdict.BREACHED], key=lambda f: f.stress or 0.0)
        proposal, memory = _ask(rules.policy.cut, situation, memory)
        most_bps = guard.cut_limit(situation.budget_bps, state.cuts, situation.best_effort_bps, situation.other_bps)
        return Mode.BREACH, _but(proposal, min(most_bps, budget_bps, proposal.budget_bps), str(worst)), memory
    if not blind and not settling and not unresolved:
        return _grow(rules, state, situation)
    proposal, memory = _ask(rules.policy.hold, situation, memory)
    budget_bps = min(budget_bps, proposal.budget_bps)
    if blind:
        return (
            Mode.BLIND,
            _but(proposal, budget_bps, f"no fresh evidence of {oldest.workload} for {oldest.age_s:.1f} s"),
            memory,
        )
    if settling:
        return Mode.SETTLING, _but(proposal, budget_bps, "the last cut has not had time to show"), memory
    return Mode.UNRESOLVED, _but(proposal, budget_bps, f"the evidence cannot tell: {unresolved[0]}"), memory


def _grow(rules: Rules, state: State, situation: Situation) -> tuple[Mode, Proposal, object]:
    """Ask the policy and keep its answer inside the envelope; a trim needs no permission."""
    guard, budget_bps = rules.guard, situation.budget_bps
    proposal, memory = _ask(rules.policy.grow, situation, state.memory)
    if proposal.budget_bps <= budget_bps:
        return Mode.GROWTH, proposal, memory
    if budget_bps >= guard.maximum_bps:
        return Mode.WAITING, _but(proposal, budget_bps, "all met; at the maximum"), memory
    wait_s = max(state.grow_after_s, state.last_raise_s + guard.raise_every_s) - situation.now_s
    if wait_s > 0.0:
        return Mode.WAITING, _but(proposal, budget_bps, f"all met; growth waits {wait_s:.0f} s more"), memory
    largest_bps = min(guard.raise_ratio * guard.maximum_bps, guard.maximum_bps - budget_bps)
    raise_bps = min(proposal.budget_bps - budget_bps, largest_bps)
    if raise_bps < min(guard.least_raise_bps, largest_bps):
        return Mode.WAITING, _but(proposal, budget_bps, "all met; the raise is not worth a write yet"), memory
    return Mode.GROWTH, _but(proposal, budget_bps + raise_bps, f"all met; {proposal.reason}"), memory


def _ask(
    law: Callable[[Situation, object], tuple[Proposal, object]], situation: Situation, memory: object
) -> tuple[Proposal, object]:
    """Call a policy; its failure must neither stop the loop nor keep the guard from cutting."""
    try:
        proposal, memory_after = law(situation, memory)
        finite = isinstance(proposal, Proposal) and math.isfinite(proposal.budget_bps)
    except Exception as error:  # noqa: BLE001 - whatever a law does wrong, the guard decides without it
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


def _next_state(guard: Guard, state: State, decision: Decision, memory: object) -> State:
    now_s, cuts, grow_after_s, last_cut_s = decision.at_s, state.cuts, state.grow_after_s, state.last_cut_s
    enforced_s = state.enforced_s
    if decision.mode is Mode.BREACH:
        last_cut_s, cuts, enforced_s = now_s, cuts + 1, math.inf
        grow_after_s = max(grow_after_s, now_s + guard.cooldown_s)
    elif decision.mode in (Mode.WAITING, Mode.GROWTH):
        cuts = 0
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
        memory=memory,
    )

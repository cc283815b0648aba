"""One pass of the loop, as a pure function: what was seen in, a decision with its reason out.

``decide`` owns the order of the rules and nothing else: evidence to findings (``windows``, ``objectives``), the guard
first (``guard``), then the policy for what the guard leaves open (``policies``). It never raises a budget unless every
objective is met on fresh evidence; everything the next pass must know is in ``State``.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

from .decision import Action, Decision, Evidence, Mode, Observation, Rules, State
from .guard import Guard
from .objectives import Finding, Objective, Verdict, judge
from .policies import Proposal, Situation
from .rate import human
from .signals import Signal
from .windows import BaseDelay, summarise, usable


@dataclass(frozen=True, slots=True)
class _Look:
    """One workload as this pass sees it."""

    signal: Signal | None
    findings: tuple[Finding, ...]
    settling: bool

    @property
    def queue_s(self) -> float:
        """The p95 queueing delay in s, as far as it is known."""
        return (
            self.signal.jitter_ms.high / 1e3 if self.signal is not None and self.signal.jitter_ms is not None else 0.0
        )

    @property
    def standing_s(self) -> float | None:
        """The newest median queueing delay in s."""
        return (
            self.signal.standing_ms / 1e3 if self.signal is not None and self.signal.standing_ms is not None else None
        )


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
    state = _enforced(guard, _seen(rules, state, observation, now_s), observation, now_s)
    looks = {o.workload: _look(guard, o, state, observation.evidence.get(o.workload), now_s) for o in rules.objectives}
    situation = Situation(
        now_s=now_s,
        budget_bps=state.budget_bps,
        minimum_bps=guard.minimum_bps,
        maximum_bps=guard.maximum_bps,
        findings=tuple(finding for look in looks.values() for finding in look.findings),
        queue_s=max((look.queue_s for look in looks.values()), default=0.0),
        standing_s=max((look.standing_s for look in looks.values() if look.standing_s is not None), default=None),
        best_effort_bps=_counted(observation.traffic.best_effort_bps) if observation.traffic else None,
        other_bps=_counted(observation.traffic.other_bps) if observation.traffic else None,
    )
    settling = any(look.settling for look in looks.values())
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
        signals={name: look.signal for name, look in looks.items()},
        traffic=observation.traffic,
        terms=proposal.terms,
    )
    return decision, _next_state(guard, state, decision, memory)


def _seen(rules: Rules, state: State, observation: Observation, now_s: float) -> State:
    """Take the newest evidence and the base delays into the state."""
    seen, bases = dict(state.seen_s), dict(state.bases)
    for objective in rules.objectives:
        name, evidence = objective.workload, observation.evidence.get(objective.workload)
        seen.setdefault(name, state.now_s)
        if isinstance(evidence, Signal):
            newest_s = [evidence.measured_at_s]
        else:
            newest_s = [s.sent_at_s for s in evidence or () if usable(s, now_s)]
            recent = [s for s in evidence or () if s.sent_at_s > now_s - rules.guard.window_s]
            bases[name] = bases.get(name, BaseDelay()).after(recent, now_s)
        seen[name] = max([at_s for at_s in newest_s if at_s <= now_s], default=seen[name])
    return replace(state, seen_s=seen, bases=bases)


def _enforced(guard: Guard, state: State, observation: Observation, now_s: float) -> State:
    """Note when the last cut is first seen to be enforced, or is believed to be for want of counters or patience."""
    if state.enforced_s < math.inf:
        return state
    if now_s - state.last_cut_s >= guard.enforce_s:
        return replace(state, enforced_s=now_s)
    sending_bps = _counted(observation.traffic.best_effort_bps) if observation.traffic else None
    # The rates are means since the previous pass, so what is obeyed now was obeyed from then on.
    return replace(state, enforced_s=state.now_s) if guard.enforced(state.budget_bps, sending_bps) else state


def _look(guard: Guard, objective: Objective, state: State, evidence: Evidence, now_s: float) -> _Look:
    """Hold one workload's evidence against its objective, leaving out what was sent before the last cut could show."""
    name = objective.workload
    age_s = now_s - state.seen_s[name]
    settled_s = max(state.last_cut_s, state.enforced_s) + guard.settle_s
    if isinstance(evidence, Signal):
        signal = evidence if evidence.measured_at_s <= now_s else None
        settling = evidence.measured_at_s - evidence.span_s < settled_s
    else:
        base_ms, samples = state.bases[name].ms, evidence or ()
        signal = summarise(samples, now_s=now_s, span_s=guard.window_s, base_ms=base_ms)
        settling = now_s - guard.window_s < settled_s
        if settling:
            after = summarise(samples, now_s=now_s, span_s=guard.window_s, base_ms=base_ms, since_s=settled_s)
            settling = after is None or after.sent < guard.least_samples
            signal = signal if settling else after
    findings = judge(objective, signal, age_s=age_s, fresh_for_s=guard.fresh_for_s)
    undecided = settling or (signal is not None and signal.sent < guard.least_samples)
    if undecided:
        findings = tuple(f if f.verdict is Verdict.BLIND else replace(f, verdict=Verdict.UNRESOLVED) for f in findings)
    return _Look(signal, findings, settling)


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


def _counted(bps: float) -> float | None:
    """Return a rate, or ``None`` for what a reset counter makes of one: a number below zero, or none at all."""
    return bps if 0.0 <= bps < math.inf else None


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
    if any(finding.verdict is Verdict.BLIND for finding in decision.findings):  # also beside another's breach
        grow_after_s = max(grow_after_s, now_s + guard.recovery_s)
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

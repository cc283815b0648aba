"""From evidence to findings: what each workload's evidence says in this pass, and what it cannot say yet."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from ..model.objectives import Finding, Objective, Verdict, judge
from ..model.signals import Interval, Signal
from .attribution import Figure, Key
from .decision import Evidence, Observation, Rules, State
from .guard import Guard
from .windows import BaseDelay, summarise, usable


@dataclass(frozen=True, slots=True)
class Assessment:
    """What this pass concludes of one critical workload; ``settling``: its last cut cannot have shown yet."""

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


def ingest(rules: Rules, state: State, observation: Observation, now_s: float) -> State:
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


def note_enforcement(guard: Guard, state: State, observation: Observation, now_s: float) -> State:
    """Note when the last cut is first seen to be enforced, or is taken to be: without counters, or too late."""
    if state.enforced_s < math.inf:
        return state
    if now_s - state.last_cut_s >= guard.enforce_s:
        return replace(state, enforced_s=now_s)
    sending_bps = usable_rate(observation.traffic.best_effort_bps) if observation.traffic else None
    # The rates are means since the previous pass: who complies now has complied since then.
    return replace(state, enforced_s=state.now_s) if guard.enforced(state.budget_bps, sending_bps) else state


def assess(guard: Guard, objective: Objective, state: State, evidence: Evidence, now_s: float) -> Assessment:
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
    return Assessment(signal, findings, settling)


def figures(assessments: Mapping[str, Assessment]) -> Mapping[Key, Figure]:
    """Return what can be compared between passes: every decided figure, and loss even where it has no objective.

    A loss differs when two packets more are lost; a delay is known as exactly as its interval says.
    """
    found: dict[Key, Figure] = {}
    for workload, one in assessments.items():
        decided = [f for f in one.findings if f.verdict in (Verdict.MET, Verdict.BREACHED)]
        if one.signal is None or not decided:
            continue
        grain = 2.0 / one.signal.sent
        if one.signal.loss_ratio is not None:
            found[workload, "loss"] = Figure(Interval.exactly(one.signal.loss_ratio), grain, None)
        for finding in decided:
            if finding.value is not None:
                own = grain if finding.figure == "loss" else 0.0
                found[workload, finding.figure] = Figure(finding.value, own, finding.limit)
    return found


def window_start_s(assessments: Iterable[Assessment]) -> float:
    """Return when the oldest window of these began, in monotonic s; negative infinity when one has none."""
    return min(-math.inf if one.signal is None else one.signal.measured_at_s - one.signal.span_s for one in assessments)


def usable_rate(bps: float) -> float | None:
    """Return a rate, or ``None`` for what a reset counter makes of one: a number below zero, or none at all."""
    return bps if 0.0 <= bps < math.inf else None

"""Guards, evidence and policies that several core tests share."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from detnet.control.decide import decide
from detnet.control.decision import Decision, Evidence, Observation, Rules, State, Traffic
from detnet.control.guard import Guard
from detnet.control.policies import Policy, Proposal, Situation, Steps
from detnet.model.objectives import Objective
from detnet.model.samples import Sample
from detnet.model.signals import Interval, Signal

MBPS = 1_000_000
GUARD = Guard(minimum_bps=10 * MBPS, maximum_bps=1000 * MBPS, safe_bps=100 * MBPS)
ROBOT = Objective("robot-control", latency_ms=2.0)


@dataclass(frozen=True, slots=True)
class ConstantPolicy:
    """A policy that always answers the same, or raises it when it is an exception."""

    answer: object
    name: str = "policy"

    def cut(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Answer a breach."""
        return self._say()

    def hold(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Answer to evidence that allows nothing."""
        return self._say()

    def grow(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Answer to met objectives."""
        return self._say()

    def _say(self) -> tuple[Proposal, object]:
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer  # type: ignore[return-value]  # a hostile policy keeps no contract


def wants(budget_bps: float, reason: str = "because") -> Policy:
    """Return a policy that always wants this budget."""
    return ConstantPolicy((Proposal(budget_bps, reason), None))


def signal(
    at_s: float, latency_ms: float | tuple[float, float] | None = 1.0, *, loss: float | None = 0.0, sent: int = 20
) -> Signal:
    """Return a signal of one second about latency and loss; a pair of latencies is an interval."""
    figure = Interval(*latency_ms) if isinstance(latency_ms, tuple) else None
    if isinstance(latency_ms, float):
        figure = Interval.exactly(latency_ms)
    return Signal(at_s, 1.0, sent, figure, None, loss)


def stream(first_s: float, last_s: float, rtt_ms: float | None = 1.0, *, hz: int = 20) -> tuple[Sample, ...]:
    """Return one sample every 1/hz s from the first to the last second."""
    return tuple(Sample(first_s + n / hz, rtt_ms) for n in range(int((last_s - first_s) * hz) + 1))


def rules(*objectives: Objective, guard: Guard = GUARD, policy: Policy | None = None) -> Rules:
    """Return rules with robot-control's latency as the objective unless others are given."""
    return Rules(objectives or (ROBOT,), guard, policy or Steps())


def one_pass(
    ruleset: Rules, state: State, evidence: Evidence, *, now_s: float, traffic: Traffic | None = None
) -> tuple[Decision, State]:
    """Make a pass in which every workload has the same evidence."""
    seen = {objective.workload: evidence for objective in ruleset.objectives}
    return decide(ruleset, state, Observation(seen, traffic), now_s=now_s)


def passes(ruleset: Rules, state: State, evidence: Iterable[tuple[float, Evidence]]) -> tuple[list[Decision], State]:
    """Make a pass at each time, with its evidence."""
    decisions = []
    for now_s, seen in evidence:
        decision, state = one_pass(ruleset, state, seen, now_s=now_s)
        decisions.append(decision)
    return decisions, state

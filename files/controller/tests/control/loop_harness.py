"""A loop that a test drives pass by pass."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

from control import worlds
from control.worlds import GUARD, MBPS, signal
from detnet.control.decide import decide
from detnet.control.decision import Decision, Evidence, Mode, Observation, Rules, State, Traffic
from detnet.model.objectives import Objective

SLOW = Objective("robot-control", latency_ms=2.0)
PASS_S = 0.5


@dataclass(slots=True)
class LoopHarness:
    """A loop with a pass each half second; best effort uses all it may unless ``sending_bps`` says otherwise."""

    rules: Rules = field(default_factory=lambda: worlds.rules(SLOW, guard=replace(GUARD, exonerate_after_s=30.0)))
    now_s: float = 1000.0
    state: State = field(init=False)
    decisions: list[Decision] = field(default_factory=list)
    counted: bool = True
    other_bps: float = 100.0 * MBPS
    sending_bps: float | None = None

    def __post_init__(self) -> None:
        self.state = State(self.now_s, 500 * MBPS)

    def step(self, evidence: dict[str, Evidence] | float | None, *, loss: float = 0.0) -> Decision:
        """Make one pass; a number is the latency of robot-control in ms."""
        self.now_s += PASS_S
        if not isinstance(evidence, dict):
            figure = evidence if loss < 1.0 else None
            evidence = {"robot-control": None if evidence is None else signal(self.now_s, figure, loss=loss)}
        used_bps = self.state.budget_bps if self.sending_bps is None else self.sending_bps
        traffic = Traffic({"upload": float(used_bps)}, self.other_bps) if self.counted else None
        decision, self.state = decide(self.rules, self.state, Observation(evidence, traffic), now_s=self.now_s)
        self.decisions.append(decision)
        return decision

    def run(self, seconds: float, latency_ms: float | None, *, loss: float = 0.0) -> list[Decision]:
        """Make passes for so long and return their decisions."""
        return [self.step(latency_ms, loss=loss) for _ in range(round(seconds / PASS_S))]

    def run_until(self, mode: Mode, latency_ms: float, *, within_s: float = 120.0) -> float:
        """Make passes until one is of this mode; return how long that took."""
        began_s = self.now_s
        while self.step(latency_ms).mode is not mode:
            if self.now_s - began_s > within_s:
                raise AssertionError(f"no {mode} within {within_s} s")
        return self.now_s - began_s


def exonerated() -> LoopHarness:
    """Return a loop that has just exonerated best effort: 9 ms stayed at the least budget."""
    loop = LoopHarness()
    loop.run(5.0, 1.0)
    loop.run_until(Mode.NOT_NETWORK, 9.0)
    return loop

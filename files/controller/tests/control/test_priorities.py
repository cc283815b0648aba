"""Several workloads with their own objectives: the worst decides, and only a critical one takes more than is safe."""

from __future__ import annotations

from dataclasses import replace

import pytest

from control.worlds import GUARD, MBPS, rules, signal, stream
from detnet.control.decide import decide
from detnet.control.decision import Action, Decision, Evidence, Mode, Observation, Rules, State, Traffic
from detnet.control.learned import Learned
from detnet.control.policies import Aimd, Policy, Steps
from detnet.model.objectives import Objective, Priority, Verdict

ROBOT = Objective("robot", latency_ms=2.0)
SCANNER = Objective("scanner", latency_ms=5.0, priority=Priority.IMPORTANT)
CALM = State(now_s=1000.0, budget_bps=500 * MBPS)
SAFE = GUARD.safe_bps


def course(ruleset: Rules, state: State, *, seconds: int, **latency_ms: float | None) -> tuple[list[Decision], State]:
    """Make a pass a second in which the workloads have these latencies; ``None`` has sent nothing since the start."""
    decisions = []
    for now_s in (state.now_s + 1.0 + n for n in range(seconds)):
        seen: dict[str, Evidence] = {n: None if ms is None else signal(now_s, ms) for n, ms in latency_ms.items()}
        traffic = Traffic({"upload": float(state.budget_bps)}, 50e6)
        decision, state = decide(ruleset, state, Observation(seen, traffic), now_s=now_s)
        decisions.append(decision)
    return decisions, state


@pytest.mark.parametrize("policy", [Steps(), Aimd(), Learned()])
def test_an_important_breach_stops_at_the_safe_budget(policy: Policy) -> None:
    """In the same pass like any other, and not below it by what the policy learned from it either."""
    decisions, state = course(rules(ROBOT, SCANNER, policy=policy), CALM, seconds=20, robot=0.5, scanner=9.0)
    assert (decisions[0].mode, decisions[0].action) == (Mode.BREACH, Action.CUT)
    assert min(d.budget_bps for d in decisions) == state.budget_bps == SAFE
    decisions, _ = course(rules(ROBOT, SCANNER, policy=policy), state, seconds=60, robot=0.5, scanner=1.0)
    assert min(d.budget_bps for d in decisions) >= SAFE


@pytest.mark.parametrize("policy", [Steps(), Aimd(), Learned()])
def test_a_critical_breach_goes_to_the_minimum_also_beside_an_important_one(policy: Policy) -> None:
    """Whichever is the worse of the two."""
    for robot_ms, scanner_ms in ((2.1, 50.0), (50.0, 5.1), (50.0, 1.0)):
        _, state = course(rules(ROBOT, SCANNER, policy=policy), CALM, seconds=25, robot=robot_ms, scanner=scanner_ms)
        assert state.budget_bps == GUARD.minimum_bps


def test_an_important_breach_below_the_safe_budget_holds() -> None:
    """A critical breach took more; the important one does not give it back."""
    low = replace(CALM, budget_bps=30 * MBPS)
    decisions, _ = course(rules(ROBOT, SCANNER), low, seconds=10, robot=1.0, scanner=9.0)
    assert {d.budget_bps for d in decisions} == {30 * MBPS}


def test_important_blindness_holds_and_critical_blindness_decays() -> None:
    """Neither grows; where nothing at all is seen, both decay."""
    held, _ = course(rules(ROBOT, SCANNER), CALM, seconds=60, robot=1.0, scanner=None)
    assert {d.budget_bps for d in held[2:]} == {held[1].budget_bps}
    assert held[-1].mode is Mode.BLIND
    for robot_ms, scanner_ms in ((None, 1.0), (None, None)):
        _, state = course(rules(ROBOT, SCANNER), CALM, seconds=60, robot=robot_ms, scanner=scanner_ms)
        assert state.budget_bps == SAFE
    alone = replace(SCANNER, workload="door")
    _, state = course(rules(SCANNER, alone), CALM, seconds=60, scanner=None, door=None)
    assert state.budget_bps == SAFE


def test_important_blindness_is_followed_by_recovery() -> None:
    """It was out of sight, so growth waits as after any blindness."""
    _, state = course(rules(ROBOT, SCANNER), CALM, seconds=20, robot=1.0, scanner=None)
    decisions, _ = course(rules(ROBOT, SCANNER), state, seconds=20, robot=1.0, scanner=1.0)
    assert next(d.at_s for d in decisions if d.action is Action.RAISE) == state.now_s + GUARD.recovery_s


@pytest.mark.parametrize("figure", ["latency_ms", "jitter_ms", "loss_ratio"])
def test_any_figure_of_any_workload_cuts(figure: str) -> None:
    """Latency of one, jitter of another, loss of a third: each is enough."""
    limits = {"latency_ms": 5.0, "jitter_ms": 2.0, "loss_ratio": 0.01}
    ruleset = rules(*[Objective(name, **{name: limit}) for name, limit in limits.items()])  # type: ignore[arg-type]
    calm = stream(1000.0, 1001.0)
    decision, state = decide(ruleset, CALM, Observation(dict.fromkeys(limits, calm)), now_s=1001.0)
    assert {f.verdict for f in decision.findings} == {Verdict.MET}
    bad = {"latency_ms": 6.0, "jitter_ms": 4.0, "loss_ratio": None}[figure]
    seen: dict[str, Evidence] = dict.fromkeys(limits, stream(1001.05, 1002.0))
    seen[figure] = stream(1001.05, 1002.0, bad)
    decision, _ = decide(ruleset, state, Observation(seen), now_s=1002.0)
    assert decision.action is Action.CUT
    assert [f.workload for f in decision.findings if f.verdict is Verdict.BREACHED] == [figure]

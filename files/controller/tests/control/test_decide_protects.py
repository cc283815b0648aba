"""A breach is cut in its own pass, on evidence that suffices; blind budgets fall; every term is returned."""

from __future__ import annotations

import copy
import dataclasses
import math
import pickle
from dataclasses import replace

import pytest

from control.worlds import GUARD, MBPS, ROBOT, one_pass, passes, rules, signal, stream
from detnet.control.decide import decide
from detnet.control.decision import Action, Decision, Evidence, Mode, Observation, Rules, State, Traffic
from detnet.control.policies import Aimd, Steps
from detnet.model.objectives import Objective, Verdict
from detnet.model.samples import Sample

CALM = State(now_s=1000.0, budget_bps=500 * MBPS)


@pytest.mark.parametrize(
    "evidence",
    [
        pytest.param(signal(1001.0, 2.1), id="signal"),
        pytest.param(signal(1001.0, (2.1, math.inf)), id="bucket"),
        pytest.param(signal(1001.0, None, loss=1.0), id="all lost"),
        pytest.param(stream(1000.1, 1001.0, 2.1), id="samples"),
        pytest.param(stream(1000.1, 1001.0, None), id="all samples lost"),
    ],
)
def test_a_breach_cuts_in_the_same_pass(evidence: Evidence) -> None:
    """Whatever the source; silence from a probed path included."""
    decision, state = one_pass(rules(), CALM, evidence, now_s=1001.0)
    assert (decision.action, decision.mode, decision.budget_bps) == (Action.CUT, Mode.BREACH, 450 * MBPS)
    assert (state.last_cut_s, state.cuts, state.grow_after_s) == (1001.0, 1, 1031.0)


def test_each_cut_of_a_breach_is_deeper_until_a_clean_pass() -> None:
    """-10 %, -25 %, -50 %, and from the start again after the path was met."""
    bad = [(1001.0 + 2 * n, signal(1001.0 + 2 * n, 9.0)) for n in range(4)]
    decisions, state = passes(rules(policy=Aimd(decrease_ratio=0.01)), CALM, bad)
    assert [d.budget_bps / d.before_bps for d in decisions] == pytest.approx([0.9, 0.75, 0.5, 0.5])
    _, state = one_pass(rules(), state, signal(1009.0), now_s=1009.0)
    assert state.cuts == 0


def test_a_cut_has_time_to_show() -> None:
    """What was sent before it could work asks for no second one; what was sent after does, within the same window."""
    _, state = one_pass(rules(), CALM, stream(1000.0, 1001.0, 9.0), now_s=1001.0)
    times = (1001.2, 1001.5, 1001.65, 1001.75)
    decisions, _ = passes(rules(), state, [(now_s, stream(1000.2, now_s, 9.0)) for now_s in times])
    assert [d.mode for d in decisions] == [Mode.SETTLING, Mode.SETTLING, Mode.SETTLING, Mode.BREACH]
    healed = stream(1000.2, 1001.4, 9.0) + stream(1001.5, 1001.9, 1.0)
    assert one_pass(rules(), state, healed, now_s=1001.9)[0].mode is Mode.WAITING


def test_a_long_window_with_the_past_in_it_asks_for_no_second_cut() -> None:
    """A minute's histogram still shows the breach that was just cut; it may speak when all of it is newer."""
    _, state = one_pass(rules(), CALM, signal(1001.0, 9.0), now_s=1001.0)
    decisions, _ = passes(rules(), state, [(now_s, signal(now_s, 9.0)) for now_s in (1002.0, 1002.4, 1002.5)])
    assert [d.mode for d in decisions] == [Mode.SETTLING, Mode.SETTLING, Mode.BREACH]


def test_too_few_probes_decide_nothing() -> None:
    """Four packets are no p95; the fifth makes one."""
    for count, mode in ((4, Mode.UNRESOLVED), (5, Mode.BREACH)):
        few = tuple(Sample(1000.9, 9.0) for _ in range(count))
        assert one_pass(rules(), CALM, few, now_s=1001.0)[0].mode is mode
        assert one_pass(rules(), CALM, signal(1001.0, 9.0, sent=count), now_s=1001.0)[0].mode is mode


def test_one_breached_workload_is_enough_and_the_worst_is_named() -> None:
    """The others may be met or blind; the reason names what was furthest over its limit."""
    ruleset = rules(ROBOT, Objective("scanner", latency_ms=1.0), Objective("door", latency_ms=5.0))
    seen = Observation({"robot-control": signal(1001.0, 2.1), "scanner": signal(1001.0, 9.0), "door": signal(900.0)})
    decision, _ = decide(ruleset, replace(CALM, seen_s={"door": 900.0}), seen, now_s=1001.0)
    assert decision.reason == "cut 500 Mbit/s to 100 Mbit/s: scanner latency 9 ms against 1 ms"
    assert [f.verdict for f in decision.findings] == [Verdict.BREACHED, Verdict.BREACHED, Verdict.BLIND]


@pytest.mark.parametrize("nonsense", [(), None, stream(1000.1, 1040.0, math.nan), stream(1000.1, 1040.0, -1.0)])
def test_nonsense_is_blindness(nonsense: Evidence) -> None:
    """A flood of NaN is as little evidence as none: hold, decay, safe, and the reason says since when."""
    decisions, _ = passes(rules(), CALM, [(1000.0 + n, nonsense) for n in range(1, 41)])
    budgets = [d.budget_bps for d in decisions]
    assert budgets == sorted(budgets, reverse=True)
    assert [d.action for d in decisions[:4]] == [Action.HOLD, Action.HOLD, Action.HOLD, Action.DECAY]
    assert budgets[28] > budgets[29] == budgets[-1] == GUARD.safe_bps
    assert decisions[-1].reason == "hold 100 Mbit/s: no fresh evidence of robot-control for 40.0 s"


def test_a_base_is_learned_and_jitter_held_against_it() -> None:
    """A standing queue that moves the whole path by 5 ms is jitter of 5 ms, however steady it is."""
    ruleset = rules(Objective("robot", jitter_ms=2.0))
    decisions, _ = passes(ruleset, CALM, [(1001.0, stream(1000.1, 1001.0, 1.0)), (1002.0, stream(1001.1, 1002.0, 6.0))])
    assert [d.mode for d in decisions] == [Mode.GROWTH, Mode.BREACH]


@pytest.mark.parametrize("counted", [math.nan, math.inf, -5.0])
def test_a_rate_that_is_no_rate_was_not_counted(counted: float) -> None:
    """A counter that was reset must neither deepen nor soften a cut."""
    for traffic in (Traffic({"a": counted}, 1e6), Traffic({"a": 400e6}, counted)):
        decision, _ = one_pass(
            rules(policy=Steps(decrease_bps=1)), CALM, signal(1001.0, 9.0), now_s=1001.0, traffic=traffic
        )
        assert decision.budget_bps == (450 if traffic.other_bps == 1e6 else 360) * MBPS
        assert decision.traffic is traffic


@pytest.mark.parametrize(("in_force", "bounded"), [(1, 10), (2000, 1000)])
def test_new_bounds_hold_at_once(in_force: int, bounded: int) -> None:
    """A changed configuration is the operator's decision, and no breach or blindness delays it."""
    for evidence in (None, signal(1001.0, 1.0), signal(1001.0, (1.0, 3.0))):
        state = replace(CALM, budget_bps=in_force * MBPS, grow_after_s=2000.0)
        assert one_pass(rules(), state, evidence, now_s=1001.0)[0].budget_bps == bounded * MBPS


def test_a_decision_can_be_copied_and_sent() -> None:
    """Audit log, module result and parallel simulation need plain values."""
    decision, state = one_pass(rules(), CALM, stream(1000.1, 1001.0, 9.0), now_s=1001.0)
    assert isinstance(decision, Decision)
    assert dataclasses.asdict(decision)["budget_bps"] == 450 * MBPS
    assert pickle.loads(pickle.dumps((decision, state))) == copy.deepcopy((decision, state)) == (decision, state)  # noqa: S301
    assert (decision.number, one_pass(rules(), state, None, now_s=1002.0)[0].number) == (1, 2)


def test_a_loop_without_objectives_is_refused() -> None:
    """It would grow on no evidence; and with two objectives for one workload one would be lost."""
    with pytest.raises(ValueError, match="nothing to protect"):
        Rules((), GUARD, Steps())
    with pytest.raises(ValueError, match="one objective"):
        Rules((ROBOT, Objective("robot-control", jitter_ms=1.0)), GUARD, Steps())


def test_a_cut_is_judged_once_it_is_enforced() -> None:
    """While best effort still sends what it sent, a breach says nothing about the cut; but not for ever."""
    loud, state = Traffic({"upload": 900e6}, 10e6), CALM
    modes = []
    for now_s in (1001.0, 1002.0, 1004.0, 1005.9, 1007.0, 1009.0):
        decision, state = one_pass(rules(), state, signal(now_s, 9.0), now_s=now_s, traffic=loud)
        modes.append(decision.mode)
    assert modes == [Mode.BREACH, *[Mode.SETTLING] * 4, Mode.BREACH]


def test_an_obeyed_cut_is_judged_after_the_settling_time() -> None:
    """Best effort is seen to obey: a breach that is left asks for the next cut."""
    state, modes = CALM, []
    for now_s, sending_bps in ((1001.0, 900e6), (1002.0, 100e6), (1003.0, 100e6)):
        traffic = Traffic({"upload": sending_bps}, 10e6)
        decision, state = one_pass(rules(), state, signal(now_s, 9.0), now_s=now_s, traffic=traffic)
        modes.append(decision.mode)
    assert modes == [Mode.BREACH, Mode.SETTLING, Mode.BREACH]

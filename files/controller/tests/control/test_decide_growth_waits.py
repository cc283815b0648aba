"""Growth waits after a cut, after blindness, after a start and between raises; the reason says how long."""

from __future__ import annotations

from dataclasses import replace

import pytest

from control.worlds import GUARD, MBPS, ROBOT, one_pass, passes, rules, signal, stream, wants
from detnet.control.decide import decide
from detnet.control.decision import Action, Decision, Mode, Observation, State
from detnet.model.objectives import Objective

CALM = State(now_s=1000.0, budget_bps=500 * MBPS)


def first_raise(decisions: list[Decision]) -> float | None:
    """Return when the first raise was decided."""
    return next((d.at_s for d in decisions if d.action is Action.RAISE), None)


def calm(first_s: float, last_s: float, every_s: float = 0.5) -> list[tuple[float, object]]:
    """Return passes on met evidence."""
    times = [first_s + n * every_s for n in range(int((last_s - first_s) / every_s) + 1)]
    return [(now_s, signal(now_s)) for now_s in times]


def test_a_start_waits_for_recovery() -> None:
    """The budget in force is taken over as it is, and 10 s of evidence come first."""
    decisions, _ = passes(rules(), State.at(1000.0, 500 * MBPS, GUARD), calm(1000.5, 1020.0))  # type: ignore[arg-type]
    assert first_raise(decisions) == 1010.0
    assert decisions[0].reason == "hold 500 Mbit/s: all met; growth waits 10 s more"


def test_a_cut_is_followed_by_a_cooldown() -> None:
    """30 s from the last breach, however soon the path is clean again."""
    cut, state = one_pass(rules(), CALM, signal(1001.0, 9.0), now_s=1001.0)
    decisions, _ = passes(rules(), state, calm(1001.5, 1040.0))  # type: ignore[arg-type]
    assert cut.action is Action.CUT
    assert first_raise(decisions) == 1031.0


def test_a_cooldown_delays_no_cut() -> None:
    """A breach in the middle of it is answered in its own pass."""
    _, state = one_pass(rules(), CALM, signal(1001.0, 9.0), now_s=1001.0)
    decisions, _ = passes(rules(), state, [(1004.0, signal(1004.0)), (1004.5, signal(1004.5, 9.0))])
    assert [d.action for d in decisions] == [Action.HOLD, Action.CUT]


@pytest.mark.parametrize(("blind_s", "wait_s"), [(2, 2.0), (5, 5.0), (10, 10.0), (60, 10.0)])
def test_blindness_is_followed_by_recovery(blind_s: int, wait_s: float) -> None:
    """As long as it lasted and at most 10 s, counted from the last blind pass: a short gap costs little."""
    _, state = passes(rules(), CALM, [(1000.0 + n, signal(1000.0)) for n in range(2, blind_s + 1)])
    decisions, _ = passes(rules(), state, calm(1000.5 + blind_s, 1080.0))  # type: ignore[arg-type]
    assert first_raise(decisions) == 1000.0 + blind_s + wait_s


def test_the_evidence_of_a_raise_is_newer_than_the_gap_before_it() -> None:
    """However short the gap, a whole window of it comes first."""
    slow = rules(guard=replace(GUARD, window_s=4.0))
    _, state = one_pass(slow, CALM, signal(999.0), now_s=1001.0)
    decisions, _ = passes(slow, state, calm(1001.5, 1010.0))  # type: ignore[arg-type]
    assert first_raise(decisions) == 1005.0


def test_blindness_beside_a_breach_waits_as_well() -> None:
    """With no cooldown at all, the blind workload still asks for its recovery."""
    ruleset = rules(ROBOT, Objective("scanner", latency_ms=5.0), guard=replace(GUARD, cooldown_s=0.0))
    state = replace(CALM, seen_s={"robot-control": 1000.0, "scanner": 990.0})
    breached = Observation({"robot-control": signal(1001.0, 9.0), "scanner": signal(990.0)})
    decision, state = decide(ruleset, state, breached, now_s=1001.0)
    assert decision.mode is Mode.BREACH
    decisions, _ = passes(ruleset, state, calm(1003.0, 1020.0))  # type: ignore[arg-type]
    assert first_raise(decisions) == 1011.0


def test_raises_keep_their_distance() -> None:
    """One raise in 5 s, so that each can show before the next."""
    decisions, _ = passes(rules(), CALM, calm(1000.5, 1012.0))  # type: ignore[arg-type]
    assert [d.at_s for d in decisions if d.action is Action.RAISE] == [1000.5, 1005.5, 1010.5]


@pytest.mark.parametrize(
    ("wanted_mbps", "raised_mbps"), [(503, 500), (505, 505), (600, 600), (750, 750), (751, 750), (1e9, 750)]
)
def test_a_raise_is_worth_a_write_and_no_jump(wanted_mbps: float, raised_mbps: int) -> None:
    """At least 5 Mbit/s, at most a quarter of the maximum."""
    decision, _ = one_pass(rules(policy=wants(wanted_mbps * MBPS)), CALM, signal(1001.0), now_s=1001.0)
    assert decision.budget_bps == raised_mbps * MBPS


@pytest.mark.parametrize("budget_mbps", [10, 12, 17, 19])
def test_a_small_range_can_be_grown_through(budget_mbps: int) -> None:
    """A quarter of 20 Mbit/s is not above the least raise of 5 by much, and the last bit is less; neither is a wall."""
    small = replace(GUARD, maximum_bps=20 * MBPS, safe_bps=10 * MBPS, raise_ratio=0.1)
    state = replace(CALM, budget_bps=budget_mbps * MBPS)
    decision, _ = one_pass(rules(guard=small, policy=wants(1e9)), state, signal(1001.0), now_s=1001.0)
    assert decision.budget_bps == min(budget_mbps + 2, 20) * MBPS


def test_at_the_maximum_there_is_nothing_to_wait_for() -> None:
    """The reason says so."""
    full = replace(CALM, budget_bps=1000 * MBPS)
    decision, _ = one_pass(rules(), full, stream(1000.0, 1001.0), now_s=1001.0)
    assert decision.reason == "hold 1 Gbit/s: all met; at the maximum"


def test_a_trim_needs_no_permission() -> None:
    """Down is always allowed, also in a cooldown, and is bounded like everything."""
    waiting = replace(CALM, grow_after_s=2000.0)
    decision, _ = one_pass(rules(policy=wants(-1e30, "early")), waiting, signal(1001.0), now_s=1001.0)
    assert (decision.action, decision.budget_bps) == (Action.TRIM, GUARD.minimum_bps)
    assert decision.reason == "trim 500 Mbit/s to 10 Mbit/s: early"

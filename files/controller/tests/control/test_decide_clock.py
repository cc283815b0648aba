"""A clock that steps is no reason for an exception, for a raise, or to forget what the path looked like."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from control.worlds import GUARD, MBPS, one_pass, passes, rules, signal, stream
from detnet.control.decision import Action, Mode, State
from detnet.model.objectives import Objective, Verdict

CALM = State(now_s=1000.0, budget_bps=500 * MBPS)


@pytest.mark.parametrize("by_s", [-0.001, -1.0, -3600.0, -1e6])
def test_a_step_back_keeps_the_cooldown(by_s: float) -> None:
    """The wait that was left is still left; a step never shortens it."""
    _, state = one_pass(rules(), CALM, signal(1001.0, 9.0), now_s=1001.0)
    now_s = 1001.0 + by_s
    decision, state = one_pass(rules(), state, signal(now_s), now_s=now_s)
    assert decision.action is Action.HOLD
    assert state.grow_after_s == pytest.approx(now_s + GUARD.cooldown_s)


@pytest.mark.parametrize("by_s", [-0.001, -3600.0])
def test_a_step_back_counts_as_a_gap(by_s: float) -> None:
    """Growth waits as after blindness, even where nothing else was waiting."""
    now_s = 1000.0 + by_s
    decision, state = one_pass(rules(), CALM, signal(now_s), now_s=now_s)
    assert (decision.mode, state.grow_after_s) == (Mode.WAITING, now_s + GUARD.recovery_s)


def test_a_step_back_leaves_ages_as_they_were() -> None:
    """Evidence from before the step has times in the future: none of it counts, and blindness sets in on time."""
    _, state = one_pass(rules(), CALM, signal(1001.0), now_s=1001.0)
    decisions, _ = passes(rules(), state, [(500.0 + n, signal(1001.0)) for n in range(5)])
    assert [d.mode for d in decisions] == [Mode.UNRESOLVED, Mode.UNRESOLVED, Mode.BLIND, Mode.BLIND, Mode.BLIND]
    assert [d.action for d in decisions] == [Action.HOLD] * 4 + [Action.DECAY]


def test_a_step_back_does_not_hide_a_breach_behind_an_old_cut() -> None:
    """The last cut moves with the clock: it would else be in the future, and all evidence older than it for an hour."""
    _, state = one_pass(rules(), CALM, signal(1001.0, 9.0), now_s=1001.0)
    decisions, _ = passes(rules(), state, [(500.0, None), (502.0, signal(502.0, 9.0))])
    assert [d.mode for d in decisions] == [Mode.SETTLING, Mode.BREACH]


def test_a_step_back_does_not_hold_growth_up_for_ever() -> None:
    """The last raise moves with the clock as well."""
    state = replace(CALM, last_raise_s=999.0)
    decisions, _ = passes(rules(), state, [(500.0 + n, signal(500.0 + n)) for n in range(12)])
    assert [d.at_s for d in decisions if d.action is Action.RAISE] == [510.0]


def test_a_step_back_keeps_the_base_delay() -> None:
    """Learned again from a standing queue, the base would make a breached jitter look met."""
    ruleset = rules(Objective("robot", jitter_ms=2.0))
    _, state = one_pass(ruleset, CALM, stream(1000.1, 1001.0, 1.0), now_s=1001.0)
    decision, _ = one_pass(ruleset, state, stream(400.1, 401.0, 8.0), now_s=401.0)
    assert decision.findings[0].verdict is Verdict.BREACHED
    assert decision.action is Action.CUT


def test_a_step_forward_makes_the_budget_safe() -> None:
    """Evidence an hour old is no evidence, and so much blindness is at the safe budget at once."""
    _, state = one_pass(rules(), CALM, stream(1000.1, 1001.0), now_s=1001.0)
    decision, state = one_pass(rules(), state, stream(1000.1, 1001.0), now_s=4601.0)
    assert (decision.mode, decision.action, decision.budget_bps) == (Mode.BLIND, Action.DECAY, GUARD.safe_bps)
    assert state.grow_after_s == 4601.0 + GUARD.recovery_s


def test_two_passes_at_one_time_are_fine() -> None:
    """No time has passed, so nothing decays."""
    blind = replace(CALM, seen_s={"robot-control": 990.0})
    decision, _ = one_pass(rules(), blind, None, now_s=1000.0)
    assert (decision.mode, decision.action) == (Mode.BLIND, Action.HOLD)


@pytest.mark.parametrize("now_s", [math.nan, math.inf, -math.inf])
def test_a_time_that_is_no_number_is_refused(now_s: float) -> None:
    """The caller's clock is broken; there is no age to judge by."""
    with pytest.raises(ValueError, match="finite number of seconds"):
        one_pass(rules(), CALM, None, now_s=now_s)

"""False evidence and false memories: the guard's rules hold whatever they say."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import GUARD, MBPS, one_pass, passes, rules, signal, stream
from detnet.control.decision import Action, Mode, State, Traffic
from detnet.control.learned import Knowledge, Learned
from detnet.model.samples import Sample

CALM = State(now_s=1000.0, budget_bps=500 * MBPS)
QUICK = replace(GUARD, recovery_s=1.0, raise_every_s=0.0, least_raise_bps=0)


@pytest.mark.parametrize("frozen", [stream(999.0, 1000.0), signal(1000.0)])
def test_a_gauge_that_stands_still_is_blindness(frozen: object) -> None:
    """It answers every poll, always with the same good figure; its time tells that it is old."""
    decisions, _ = passes(rules(), CALM, [(1000.5 + 0.5 * n, frozen) for n in range(80)])  # type: ignore[misc]
    assert all(d.mode is Mode.BLIND for d in decisions if d.at_s > 1001.5)
    assert not [d for d in decisions if d.at_s > 1001.5 and d.action is Action.RAISE]
    assert decisions[-1].budget_bps == GUARD.safe_bps


@given(st.lists(st.sampled_from([math.nan, math.inf, -math.inf, -1.0]), min_size=50, max_size=200), st.integers(0, 12))
def test_a_flood_of_nonsense_neither_hides_nor_makes_evidence(flood: list[float], good: int) -> None:
    """Beside any number of NaNs, five packets are a p95 and four are none."""
    for rtt_ms, mode in ((1.0, Mode.GROWTH), (9.0, Mode.BREACH)):
        samples = (*(Sample(1000.9, rtt) for rtt in flood), *(Sample(1000.8, rtt_ms) for _ in range(good)))
        decision, _ = one_pass(rules(), CALM, samples, now_s=1001.0)
        assert decision.mode is (mode if good >= GUARD.least_samples else Mode.UNRESOLVED)


numbers = st.one_of(st.floats(), st.sampled_from([0.0, 1e9, 1e12, 1e300, math.inf, math.nan, -1.0]))
knowledge = st.builds(
    Knowledge,
    st.floats(900.0, 1000.0) | numbers,
    *(numbers, numbers),
    knee_bps=numbers,
    knee_strain=numbers,
    breached_s=st.none() | numbers,
    answer_s=numbers,
)


@given(knowledge)
def test_no_knowledge_keeps_the_guard_from_cutting_or_makes_it_leap(known: Knowledge) -> None:
    """A capacity of 1e300, a knee of NaN: a breach is cut, a raise is bounded, a blind pass raises nothing."""
    ruleset, state = rules(policy=Learned(), guard=QUICK), replace(CALM, memory=known)
    traffic = Traffic({"upload": 500e6}, 100e6)
    breach, after = one_pass(ruleset, state, signal(1001.0, 9.0), now_s=1001.0, traffic=traffic)
    assert breach.action is Action.CUT
    assert breach.budget_bps <= 450 * MBPS
    met, _ = one_pass(ruleset, state, signal(1001.0), now_s=1001.0, traffic=traffic)
    assert met.budget_bps <= 750 * MBPS
    blind, _ = one_pass(ruleset, replace(after, seen_s={"robot-control": 990.0}), None, now_s=1002.0, traffic=traffic)
    assert blind.budget_bps <= breach.budget_bps


@given(knowledge, st.floats(-1e6, 0.0))
def test_time_that_runs_backwards_raises_nothing_whatever_is_known(known: Knowledge, by_s: float) -> None:
    """The gap counts as blindness, and knowledge from the future is none."""
    now_s = 1000.0 + min(by_s, -0.001)
    state = replace(CALM, memory=known)
    decision, _ = one_pass(rules(policy=Learned(), guard=QUICK), state, signal(now_s), now_s=now_s)
    assert decision.action is not Action.RAISE

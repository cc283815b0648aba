"""A breach that lasts at the least budget: the budget is restored in steps, until any figure gets worse."""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import pytest

from control.loop_harness import SLOW, LoopHarness, exonerated
from control.worlds import GUARD, MBPS, rules, signal
from detnet.control.decision import Action, Mode
from detnet.model.objectives import Objective

LEAST = GUARD.minimum_bps


def test_a_slow_server_starves_nobody_for_ever() -> None:
    """Three cuts, a while at the least budget, then doubling steps up to a share of what was known good."""
    loop = LoopHarness()
    loop.run(5.0, 1.0)
    good_bps = loop.state.budget_bps
    loop.run_until(Mode.NOT_NETWORK, 9.0)
    least_s = next(d.at_s for d in loop.decisions if d.before_bps == LEAST)
    assert loop.now_s >= least_s + GUARD.exonerate_after_s
    loop.run(90.0, 9.0)
    raised = [d for d in loop.decisions if d.mode is Mode.NOT_NETWORK and d.action is Action.RAISE]
    assert [d.budget_bps / d.before_bps for d in raised[:-1]] == [2.0] * (len(raised) - 1)
    assert min(b.at_s - a.at_s for a, b in pairwise(raised)) >= GUARD.enforce_s + GUARD.settle_s
    assert loop.state.budget_bps == pytest.approx(GUARD.exonerated_share * good_bps, rel=0.1)
    assert "not the network" in raised[0].reason


def test_a_met_objective_ends_it() -> None:
    """The normal rules hold again, from the budget that was restored."""
    loop = exonerated()
    loop.run(30.0, 9.0)
    restored_bps = loop.state.budget_bps
    met = loop.run(29.0, 1.0)
    assert {(d.mode, d.budget_bps) for d in met} == {(Mode.WAITING, restored_bps)}  # a cooldown, as after any breach
    assert loop.step(9.0).mode is Mode.BREACH


def test_a_breach_that_is_not_half_as_bad_may_be_another() -> None:
    """The proof was about 9 ms; what is left at 4 ms is answered by cuts like any breach."""
    loop = exonerated()
    loop.run(30.0, 9.0)
    restored_bps = loop.state.budget_bps
    assert loop.step(4.6).mode is Mode.NOT_NETWORK
    one = loop.step(4.4)
    assert one.mode is Mode.BREACH
    assert LEAST < one.budget_bps < restored_bps


@pytest.mark.parametrize("worse_ms", [10.0, 50.0])
def test_a_figure_that_gets_worse_revokes_it_in_the_same_pass(worse_ms: float) -> None:
    """More than a tenth above the worst that was seen at the least budget; the next attempt waits 60 s, then 120 s."""
    loop = exonerated()
    for wait_s in (60.0, 120.0, 240.0, 480.0, 600.0, 600.0):
        loop.run(20.0, 9.0)
        one = loop.step(worse_ms)
        assert (one.mode, one.action, one.budget_bps) == (Mode.BREACH, Action.CUT, LEAST)
        assert f"robot-control latency got worse with a restored budget; no further attempt for {wait_s:.0f} s" in (
            one.reason
        )
        assert loop.run_until(Mode.NOT_NETWORK, 9.0, within_s=700.0) == pytest.approx(wait_s, abs=2.0)


def test_a_tenth_is_not_worse() -> None:
    """A p95 moves by itself."""
    loop = exonerated()
    assert {d.mode for d in loop.run(20.0, 9.8)} == {Mode.NOT_NETWORK}


def test_another_objective_that_becomes_breached_revokes_it() -> None:
    """It was met with the least budget."""
    loop = LoopHarness(rules(SLOW, Objective("scanner", latency_ms=5.0)))

    def both(robot_ms: float, scanner_ms: float) -> Mode:
        at_s = loop.now_s + 0.5
        seen = {"robot-control": signal(at_s, robot_ms), "scanner": signal(at_s, scanner_ms)}
        return loop.step(dict(seen)).mode

    for _ in range(10):
        both(1.0, 1.0)
    while both(9.0, 4.9) is not Mode.NOT_NETWORK:
        pass
    assert both(9.0, 4.9) is Mode.NOT_NETWORK
    assert both(9.0, 5.1) is Mode.BREACH
    assert loop.state.budget_bps == LEAST


def test_blindness_ends_it_and_proves_nothing() -> None:
    """Beside a breach or alone; another 30 s at the least budget are needed."""
    loop = exonerated()
    loop.run(20.0, 9.0)
    blind = loop.run(3.0, None)
    assert blind[-1].mode is Mode.BLIND
    assert loop.step(9.0).mode is Mode.BREACH
    assert loop.run_until(Mode.NOT_NETWORK, 9.0) >= 30.0


def test_packets_that_are_lost_in_part_are_no_slow_server() -> None:
    """A server answers late or not at all; a full link loses some, and more best effort would make it lose more."""
    loop = LoopHarness()
    loop.run(5.0, 1.0)
    loop.run(120.0, 9.0, loss=0.05)
    assert Mode.NOT_NETWORK not in {d.mode for d in loop.decisions}
    dead = LoopHarness()
    dead.run(5.0, 1.0)
    dead.run(60.0, 9.0, loss=1.0)
    assert dead.decisions[-1].mode is Mode.NOT_NETWORK


def test_packets_that_are_lost_with_a_restored_budget_revoke_it() -> None:
    """A packet now and then is nothing; one in every tenth window is a full link, although no window shows it."""
    loop = exonerated()
    modes = {loop.step(9.0, loss=0.05 * (n % 10 == 0)).mode for n in range(60)}
    assert modes == {Mode.NOT_NETWORK, Mode.BREACH, Mode.SETTLING}
    assert "packets were lost" in next(d.reason for d in loop.decisions if "no further attempt" in d.reason)


@pytest.mark.parametrize("sending_bps", [200.0 * MBPS, 11.1 * MBPS])
def test_best_effort_that_does_not_comply_is_not_exonerated(sending_bps: float) -> None:
    """The byte counters show that the cut was never made."""
    loop = LoopHarness(sending_bps=sending_bps)
    loop.run(5.0, 1.0)
    assert Mode.NOT_NETWORK not in {d.mode for d in loop.run(120.0, 9.0)}


def test_uncounted_best_effort_is_exonerated_a_little_later() -> None:
    """Where no bytes are counted, a cut is taken to be enforced after ``enforce_s``."""
    loop = LoopHarness(counted=False)
    loop.run(5.0, 1.0)
    loop.run_until(Mode.NOT_NETWORK, 9.0)
    least_s = next(d.at_s for d in loop.decisions if d.before_bps == LEAST)
    assert loop.now_s >= least_s + GUARD.enforce_s + 30.0


def test_a_breach_that_gets_better_is_given_time() -> None:
    """A deep queue drains slowly: the cut is working, and it would be the wrong moment to undo it."""
    loop = LoopHarness()
    loop.run(5.0, 1.0)
    latency_ms = 900.0
    while latency_ms > 3.0:
        assert loop.step(latency_ms).mode is not Mode.NOT_NETWORK
        latency_ms *= 0.99


def test_more_traffic_than_was_known_good_may_be_the_cause() -> None:
    """Other traffic fills the link: that is not best effort's doing, but more of it would be too much."""
    loop = LoopHarness()
    loop.run(5.0, 1.0)
    loop.other_bps = 700.0 * MBPS
    assert Mode.NOT_NETWORK not in {d.mode for d in loop.run(120.0, 9.0)}


def test_nothing_is_restored_where_nothing_was_ever_good() -> None:
    """A loop that starts into a breach knows no harmless budget."""
    assert Mode.NOT_NETWORK not in {d.mode for d in LoopHarness().run(120.0, 9.0)}


def test_a_delay_beyond_the_last_bucket_could_get_worse_unseen() -> None:
    """Between 5 ms and infinity there is nothing to watch by."""
    loop = LoopHarness()
    loop.run(5.0, 1.0)
    for _ in range(240):
        loop.step({"robot-control": signal(loop.now_s + 0.5, (5.0, math.inf))})
    assert Mode.NOT_NETWORK not in {d.mode for d in loop.decisions}


def test_a_higher_bucket_is_worse() -> None:
    """The next bucket begins where the last one ended; no interpolation is needed to know that."""
    loop = LoopHarness()
    loop.run(5.0, 1.0)
    while loop.step({"robot-control": signal(loop.now_s + 0.5, (5.0, 10.0))}).mode is not Mode.NOT_NETWORK:
        assert loop.now_s < 1200.0
    assert loop.step({"robot-control": signal(loop.now_s + 0.5, (5.0, 10.0))}).mode is Mode.NOT_NETWORK
    assert loop.step({"robot-control": signal(loop.now_s + 0.5, (10.0, 25.0))}).budget_bps == LEAST


def test_a_step_that_is_not_used_is_not_followed_by_another() -> None:
    """Idle best effort tries nothing out, and neither does a write that failed."""
    loop = exonerated()
    loop.sending_bps = float(LEAST)
    assert {d.budget_bps for d in loop.run(60.0, 9.0)} == {2 * LEAST}


def test_time_between_passes_proves_nothing() -> None:
    """A loop that stood still for a minute has not seen the least budget fail for a minute."""
    loop = LoopHarness()
    loop.run(5.0, 1.0)
    loop.run(20.0, 9.0)
    loop.now_s += 60.0
    assert Mode.NOT_NETWORK not in {d.mode for d in loop.run(5.0, 9.0)}


def test_a_share_of_zero_exonerates_and_restores_nothing() -> None:
    """With a share of nothing the mode is an alarm only."""
    loop = LoopHarness(rules(SLOW, guard=replace(GUARD, exonerated_share=0.0)))
    loop.run(5.0, 1.0)
    loop.run_until(Mode.NOT_NETWORK, 9.0)
    assert {d.budget_bps for d in loop.run(60.0, 9.0)} == {LEAST}


def test_the_policy_forgets_what_it_learned_from_the_breach() -> None:
    """It learned from a breach that was not the network's; it goes on with what it knew before."""
    loop = LoopHarness()
    loop.state = replace(loop.state, memory="before")
    loop.run(5.0, 1.0)
    loop.run_until(Mode.NOT_NETWORK, 9.0)
    loop.state = replace(loop.state, memory="wrong")
    loop.step(1.0)
    assert loop.state.memory == "before"

"""What the learned policy makes of what it sees; the guard around it has tests of its own."""

from __future__ import annotations

from dataclasses import replace

import pytest

from control.worlds import GUARD, one_pass, rules, signal
from detnet.control.decision import State, Traffic
from detnet.control.learned import Knowledge, Learned
from detnet.control.policies import Proposal, Situation
from detnet.model.objectives import Finding, Verdict
from detnet.model.signals import Interval

MBPS = 1e6
POLICY = Learned()


def _situation(
    at_s: float, sending: float, *, budget: float = 100.0, other: float = 10.0, queue_ms: float = 0.1
) -> Situation:
    """Return a situation in Mbit/s and ms, on an objective of 2 ms."""
    verdict = Verdict.BREACHED if queue_ms > 2.0 else Verdict.MET
    finding = Finding("robot", "jitter", Interval.exactly(queue_ms), 2.0, verdict, 0.1)
    return Situation(
        now_s=at_s,
        budget_bps=int(budget * MBPS),
        minimum_bps=2_000_000,
        maximum_bps=1_000_000_000,
        findings=(finding,),
        queue_s=queue_ms / 1e3,
        best_effort_bps=sending * MBPS,
        other_bps=other * MBPS,
    )


def _learn(situations: list[Situation]) -> tuple[Proposal, Knowledge]:
    """Let the policy see situations one after the other, breached ones as cuts."""
    memory: object = None
    proposal = Proposal(0.0, "")
    for situation in situations:
        step = POLICY.cut if situation.findings[0].verdict is Verdict.BREACHED else POLICY.grow
        proposal, memory = step(situation, memory)
    assert isinstance(memory, Knowledge)
    return proposal, memory


def _steady(seconds: int, *, sending: float = 80.0, budget: float = 82.0) -> list[Situation]:
    return [_situation(half / 2, sending, budget=budget) for half in range(2 * seconds)]


def test_a_standing_queue_tells_the_capacity() -> None:
    """The bottleneck delivers 90 of the 100 Mbit/s that arrive: the queue took the rest."""
    proposal, known = _learn([*_steady(3), _situation(3.0, 90.0, budget=100.0, queue_ms=50.0)])
    assert known.capacity_bps == pytest.approx(91e6, rel=0.03)
    assert proposal.budget_bps < 0.9 * known.capacity_bps


def test_the_deeper_the_queue_the_deeper_the_cut() -> None:
    """A queue of 2 ms needs a tenth, one of 100 ms four tenths."""
    shallow, deep = (_learn([*_steady(3), _situation(3.0, 90.0, queue_ms=queue_ms)])[0] for queue_ms in (2.5, 100.0))
    assert deep.budget_bps < 0.8 * shallow.budget_bps


def test_a_cut_that_did_not_help_halves_and_lowers_the_capacity() -> None:
    """What is obeyed and still leaves a queue is more than the link carries."""
    first = _situation(3.0, 90.0, queue_ms=100.0)
    proposal, known = _learn([*_steady(3), first, _situation(4.0, 60.0, budget=60.0, queue_ms=100.0)])
    assert proposal.budget_bps <= 30e6
    assert known.knee_bps <= 70e6


def test_a_delay_on_its_way_to_the_limit_trims() -> None:
    """Before the breach, not after."""
    _, before = _learn(_steady(5))
    _, after = _learn([*_steady(5), _situation(5.0, 80.0, budget=82.0, queue_ms=1.8)])
    assert after.capacity_bps < before.capacity_bps


def test_nothing_is_learned_from_a_budget_that_nobody_uses() -> None:
    """Best effort that sends a third of its budget says nothing about the link."""
    _, start = _learn(_steady(1, sending=27.0))
    _, later = _learn(_steady(20, sending=27.0))
    assert later.capacity_bps == pytest.approx(start.capacity_bps)


def test_risen_traffic_is_not_a_fallen_link() -> None:
    """Other traffic rose by 40 Mbit/s and breached: the capacity stays, and the reserve remembers."""
    calm = _steady(10)
    _, before = _learn(calm)
    _, after = _learn([*calm, _situation(10.0, 80.0, budget=82.0, other=50.0, queue_ms=9.0)])
    assert after.capacity_bps == pytest.approx(before.capacity_bps)


def test_counters_that_are_lost_leave_what_was_last_forecast() -> None:
    """Unknown traffic is not zero traffic."""
    seen, (unseen, _) = _learn(_steady(10))[1], POLICY.hold(replace(_situation(10.0, 0.0), other_bps=None), None)
    after, _ = POLICY.hold(replace(_situation(10.0, 0.0), other_bps=None), seen)
    assert seen.other_bps == pytest.approx(10e6)
    assert after.budget_bps < unseen.budget_bps


def test_a_change_that_is_not_worth_a_write_is_not_made() -> None:
    """Noise of the other traffic moves the sum by less than three hundredths."""
    _, known = _learn(_steady(10))
    budgets = {POLICY.hold(_situation(10.5, 80.0, budget=82.0, other=other), known)[0].budget_bps for other in (10, 11)}
    assert budgets == {82e6}


def test_without_counters_it_begins_from_the_budget_in_force() -> None:
    """No traffic is not zero traffic, but it is all that is known."""
    situation = replace(_situation(1.0, 0.0), best_effort_bps=None, other_bps=None)
    proposal, memory = POLICY.grow(situation, None)
    assert isinstance(memory, Knowledge)
    assert memory.other is None
    assert proposal.budget_bps == pytest.approx(100e6, rel=0.01)


def test_a_tail_without_a_queue_neither_trims_nor_lowers_the_capacity() -> None:
    """A busy host lifts the p95 alone; a standing queue lifts the median too."""
    _, before = _learn(_steady(5))
    for queue_ms in (1.8, 9.0):
        noisy = _situation(5.0, 80.0, budget=82.0, queue_ms=queue_ms)
        _, tail = _learn([*_steady(5), replace(noisy, standing_s=0.05e-3)])
        _, queue = _learn([*_steady(5), replace(noisy, standing_s=queue_ms / 1e3)])
        assert tail.capacity_bps == pytest.approx(before.capacity_bps, rel=0.02)
        assert queue.capacity_bps < tail.capacity_bps


@pytest.mark.parametrize("idle_bps", [0.0, 1.0, 1e6])
def test_a_breach_on_an_idle_link_is_forgotten(idle_bps: float) -> None:
    """A slow server while nothing was sent says nothing about the link; a capacity of zero would last for ever."""
    quick = replace(GUARD, cooldown_s=1.5, raise_every_s=1.0, least_raise_bps=0)  # the pace of this policy
    ruleset, state = rules(guard=quick, policy=Learned()), State(now_s=1000.0, budget_bps=500_000_000)
    idle = Traffic({"upload": idle_bps}, 0.0)
    for now_s, latency_ms in ((1001.0, 1.0), (1002.0, 9.0)):
        _, state = one_pass(ruleset, state, signal(now_s, latency_ms), now_s=now_s, traffic=idle)
    for second in range(900):
        busy, now_s = Traffic({"upload": float(state.budget_bps)}, 1e6), 1010.0 + second
        _, state = one_pass(ruleset, state, signal(now_s, 0.5), now_s=now_s, traffic=busy)
    assert state.budget_bps > 500 * MBPS

"""Where the learned policy takes the knee to be: where a queue stood, or moved, and never from a tail alone."""

from __future__ import annotations

import pytest

from detnet.control.forecast import Forecast
from detnet.control.learned import Knowledge, Learned
from detnet.control.policies import Situation
from detnet.model.objectives import Finding, Verdict
from detnet.model.signals import Interval

POLICY = Learned()


def _situation(at_s: float, budget_bps: float, queue_ms: float, standing_ms: float | None = None) -> Situation:
    verdict = Verdict.BREACHED if queue_ms > 2.0 else Verdict.MET
    return Situation(
        now_s=at_s,
        budget_bps=int(budget_bps),
        minimum_bps=2_000_000,
        maximum_bps=1_000_000_000,
        findings=(Finding("robot", "jitter", Interval.exactly(queue_ms), 2.0, verdict, 0.1),),
        queue_s=queue_ms / 1e3,
        standing_s=None if standing_ms is None else standing_ms / 1e3,
        best_effort_bps=0.98 * budget_bps,
        other_bps=10e6,
    )


def _grown_bps(queue_ms: float) -> float:
    """Rest at the knee for half a minute with some queue, then take most of the queue away for as long."""
    memory: object = Knowledge(0.0, 100e6, POLICY.near_per_s, knee_bps=100e6, other=Forecast())
    budget_bps = 88e6
    for half in range(1, 121):
        proposal, memory = POLICY.grow(_situation(half / 2, budget_bps, 0.6 if half <= 60 else queue_ms), memory)
        budget_bps = proposal.budget_bps
    assert isinstance(memory, Knowledge)
    return memory.capacity_bps


def test_a_knee_where_a_queue_stood_and_none_does_has_moved() -> None:
    """The link has grown back: patience around the old knee would leave it unused for minutes."""
    assert _grown_bps(0.6) < 105e6
    assert _grown_bps(0.02) > 200e6


def test_a_knee_without_strain_keeps_its_pace() -> None:
    """A link without micro-bursts is silent up to its knee: silence there says nothing."""
    memory: object = Knowledge(0.0, 100e6, POLICY.near_per_s, knee_bps=100e6, other=Forecast())
    for half in range(1, 61):
        _, memory = POLICY.grow(_situation(half / 2, 88e6, 0.02), memory)
    assert isinstance(memory, Knowledge)
    assert memory.capacity_bps < 103e6


def test_a_tail_that_outlasts_a_cut_does_not_halve_the_capacity() -> None:
    """A busy host is late whatever best effort does; only a queue that stands says that the link carries less."""
    memory: object = Knowledge(0.0, 100e6, POLICY.near_per_s, other=Forecast())
    for at_s, budget_bps in ((1.0, 88e6), (3.0, 79e6), (5.0, 59e6)):
        _, memory = POLICY.cut(_situation(at_s, budget_bps, 9.0, 0.1), memory)
    assert isinstance(memory, Knowledge)
    assert memory.capacity_bps == pytest.approx(100e6)


def test_how_long_an_answer_takes_is_learned() -> None:
    """From the breach to the first pass in which all is met; however long, it counts for at most ten seconds."""
    memory: object = Knowledge(0.0, 100e6, POLICY.near_per_s, other=Forecast())
    _, memory = POLICY.cut(_situation(1.0, 88e6, 9.0), memory)
    _, memory = POLICY.grow(_situation(6.0, 60e6, 0.1), memory)
    assert isinstance(memory, Knowledge)
    assert memory.answer_s == pytest.approx(3.0)
    _, memory = POLICY.cut(_situation(7.0, 60e6, 9.0), memory)
    _, memory = POLICY.grow(_situation(600.0, 60e6, 0.1), memory)
    assert isinstance(memory, Knowledge)
    assert memory.answer_s == pytest.approx((3.0 + POLICY.most_answer_s) / 2.0)
    assert memory.breached_s is None


def test_a_queue_that_shows_only_after_the_breach_tells_the_capacity_too() -> None:
    """The window in which it began is half empty: what it does not tell, those that wait for the cut do."""
    memory: object = Knowledge(0.0, 100e6, POLICY.near_per_s, other=Forecast())
    _, memory = POLICY.hold(_situation(0.5, 88e6, 0.1, 0.05), memory)
    _, memory = POLICY.cut(_situation(1.0, 40e6, 8.0, 0.2), memory)
    assert isinstance(memory, Knowledge)
    assert memory.capacity_bps == pytest.approx(100e6)
    _, memory = POLICY.hold(_situation(2.5, 40e6, 40.0, 1.9), memory)
    assert memory.capacity_bps == pytest.approx(100e6), "a median inside the limit may be a burst"
    _, memory = POLICY.hold(_situation(3.0, 40e6, 75.0, 74.0), memory)
    assert 40e6 < memory.capacity_bps < 60e6
    once_bps = memory.capacity_bps
    _, memory = POLICY.hold(_situation(3.5, 20e6, 75.0, 74.0), memory)
    assert memory.capacity_bps == once_bps, "it is read once, not as the queue runs empty"

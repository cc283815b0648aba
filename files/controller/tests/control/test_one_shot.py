"""One decision outside the loop."""

from __future__ import annotations

from detnet.control.decision import Action, Mode, Rules
from detnet.control.guard import Guard
from detnet.control.one_shot import ManualEvidence, decide_once, has_window
from detnet.control.policies import Aimd
from detnet.model.objectives import Objective
from detnet.model.samples import Sample

M = 1_000_000
GUARD = Guard(minimum_bps=5 * M, maximum_bps=200 * M, safe_bps=25 * M)
RULES = Rules((Objective("robot", latency_ms=10.0, jitter_ms=2.0),), GUARD, Aimd())


def samples(*delays_ms: float, before_s: float = 0.0) -> tuple[Sample, ...]:
    """Return probes at 100 Hz, the last of them sent ``before_s`` before second 100."""
    return tuple(Sample(100.0 - before_s - 0.01 * back, rtt) for back, rtt in reversed(list(enumerate(delays_ms))))


def test_growth_waits_for_no_past() -> None:
    """A loop that has just started would wait; one shot has nothing to wait for."""
    evidence = {"robot": ManualEvidence(latency_ms=1.0, jitter_ms=0.1).signal(RULES, now_s=100.0)}
    decision = decide_once(RULES, 100 * M, evidence, now_s=100.0)
    assert (decision.action, decision.budget_bps) == (Action.RAISE, 110 * M)


def test_a_cut_starts_from_what_is_sent_where_that_is_known() -> None:
    """A cap that does not bind is no start."""
    evidence = {"robot": ManualEvidence(latency_ms=14.0, jitter_ms=0.1).signal(RULES, now_s=100.0)}
    decision = decide_once(RULES, 200 * M, evidence, now_s=100.0, sending_bps=50.0 * M)
    assert (decision.mode, decision.budget_bps) == (Mode.BREACH, 45 * M)


def test_what_was_not_given_permits_no_growth() -> None:
    """Silence about a figure that has a limit is not good news."""
    evidence = {"robot": ManualEvidence(latency_ms=1.0).signal(RULES, now_s=100.0)}
    assert decide_once(RULES, 100 * M, evidence, now_s=100.0).mode is Mode.UNRESOLVED


def test_the_quiet_delay_is_looked_for_in_all_that_is_remembered() -> None:
    """A queue that stands for the whole window must not pass for the path itself."""
    standing = samples(*[0.5] * 100, before_s=5.0) + samples(*[6.0] * 100)
    decision = decide_once(RULES, 100 * M, {"robot": standing}, now_s=100.0)
    assert decision.mode is Mode.BREACH
    assert "jitter 5.5 ms against 2 ms" in decision.reason


def test_old_evidence_never_raises() -> None:
    """A probe that has fallen silent leaves samples of the past."""
    decision = decide_once(RULES, 100 * M, {"robot": samples(*[0.5] * 100, before_s=4.0)}, now_s=100.0)
    assert (decision.mode, decision.budget_bps <= 100 * M) == (Mode.BLIND, True)


def test_a_window_is_whole_when_its_samples_reach_back_over_it() -> None:
    """Two samples of this moment are no second of evidence."""
    assert has_window(samples(*[0.5] * 100), RULES, now_s=100.0)
    assert not has_window(samples(0.5, 0.5), RULES, now_s=100.0)
    assert not has_window((), RULES, now_s=100.0)
    assert not has_window(None, RULES, now_s=100.0)

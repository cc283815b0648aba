"""The daemon itself in the loop: it protects, it never grows blind, and it comes back."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise

import pytest

from detnet_lab.simulator.trace import Tick
from simulator.small_runs import SMALL, outcome, scenario, trace

POLICIES = ["learned", "aimd", "graded", "steps"]
STEP = "[{steps: [[0, 0.2], [40, 0.5]]}]"


def caps(ticks: Iterable[Tick]) -> list[float]:
    """Return the sum of the caps, tick by tick."""
    return [sum(tick.cap_bps) for tick in ticks]


@pytest.mark.parametrize("policy", POLICIES)
def test_it_keeps_what_no_control_breaks(policy: str) -> None:
    """A step of the critical load on a full link."""
    one = scenario(critical=STEP, duration_s=120)
    assert outcome("none", one).violation_ratio > 0.9
    assert outcome(policy, one).violation_ratio < 0.15


@pytest.mark.parametrize("kind", ["latency-lost", "latency-frozen"])
@pytest.mark.parametrize("policy", POLICIES)
def test_it_never_grows_while_blind(policy: str, kind: str) -> None:
    """From the age at which evidence is no longer fresh until it is again."""
    one = scenario(f"faults: [{{kind: {kind}, at_s: 30, for_s: 20}}]")
    blind = caps([tick for tick in trace(policy, one).links[0].ticks if 32.0 <= tick.at_s < 50.0])
    assert blind == sorted(blind, reverse=True)


def test_a_long_blindness_leaves_it_at_the_safe_cap() -> None:
    """A quarter of what was configured, thirty seconds after the last evidence."""
    one = scenario("faults: [{kind: latency-lost, at_s: 40, for_s: 40}]", duration_s=90)
    blind = caps([tick for tick in trace("learned", one).links[0].ticks if 71.5 <= tick.at_s < 79.0])
    assert 0.0 < max(blind) <= 25e6


def test_lost_probes_are_a_breach_and_not_missing_data() -> None:
    """A path that swallows every packet is answered by a cut."""
    ticks = trace("learned", scenario("faults: [{kind: path-lost, at_s: 30, for_s: 3}]")).links[0].ticks
    assert "breach" in {tick.mode for tick in ticks if 30.5 <= tick.at_s < 33.5}


@pytest.mark.parametrize("kind", ["controller-dead", "controller-paused"])
def test_without_a_controller_the_caps_stay(kind: str) -> None:
    """What is in force outlives who wrote it; the one who comes back knowing nothing does not raise it at once."""
    one = scenario(f"faults: [{{kind: {kind}, at_s: 30, for_s: 10}}]")
    ticks = list(trace("learned", one).links[0].ticks)
    gone = caps([tick for tick in ticks if 30.0 <= tick.at_s < 39.5])
    after = caps([tick for tick in ticks if 39.5 <= tick.at_s < 40.5])
    assert len(set(gone)) == 1
    assert kind == "controller-paused" or max(after) <= gone[-1]


def test_a_refused_write_is_tried_again() -> None:
    """Every pass, until it is in force."""
    one = scenario("faults: [{kind: writes-fail, at_s: 40, for_s: 6, share: 1.0}]", critical=STEP)
    writes = [at_s for at_s, _ in trace("learned", one).links[0].writes]
    assert not [at_s for at_s in writes if 40.1 <= at_s < 45.9]
    assert [at_s for at_s in writes if 45.9 <= at_s < 47.0]


def test_every_tick_says_what_was_decided_and_why() -> None:
    """A report needs nothing but the trace."""
    for tick in trace("learned", scenario()).links[0].ticks[1:]:
        assert tick.mode
        assert tick.action
        assert tick.reason
        assert tick.jitter_ms is not None


def test_a_slow_write_holds_the_whole_pass() -> None:
    """The daemon writes in its loop: while the API takes five seconds nothing is decided."""
    one = scenario("faults: [{kind: slow-api, at_s: 20, for_s: 40, s: 5}]", critical=STEP)
    writes = [at_s for at_s, _ in trace("learned", one).links[0].writes if at_s >= 20.0]
    assert min(later - earlier for earlier, later in pairwise(writes)) >= 4.8


def test_a_loss_violates_although_a_short_buffer_keeps_the_delay_low() -> None:
    """2 ms of buffer cannot delay more than 2 ms, but they lose what does not fit."""
    found = outcome("none", scenario(), plant=replace(SMALL, buffer_ms=2.0))
    assert found.worst_pdv_ms <= 2.0
    assert found.violation_ratio > 0.9

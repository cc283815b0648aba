"""The compared policies do what their authors wrote, their faults included."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detnet_lab.simulator.policies.baselines import CakeAutorate, Heracles, Swift, Volcano
from detnet_lab.simulator.policies.legacy import V1, V2, V5
from detnet_lab.simulator.policies.registry import POLICIES
from detnet_lab.simulator.policies.sensors import SensorReading, histogram_quantile
from detnet_lab.simulator.policies.standalone import FormulaInputs
from simulator.small_runs import outcome, scenario, trace

INPUTS = FormulaInputs(
    now_s=100.0,
    reading=SensorReading(0.1, 1.1),
    budget_bps=500e6,
    maximum_bps=1000e6,
    jitter_ms=2.0,
    latency_ms=10.0,
    best_effort_bps=500e6,
    other_bps=300e6,
)
BAD = replace(INPUTS, reading=SensorReading(3.0, 4.0))


def test_hubbles_first_bucket_makes_an_iqr_of_two_and_a_half_ms() -> None:
    """Whatever the delays are, as long as they are below 5 ms."""
    for times in ([0.2] * 50, [4.9] * 50, [0.1, 4.9] * 25):
        assert histogram_quantile(times, 0.75) - histogram_quantile(times, 0.25) == pytest.approx(2.5)


def test_v1_takes_no_data_for_room() -> None:
    """Fail-open: 0.5 ms is assumed."""
    assert V1().react(replace(INPUTS, reading=None)) == 510e6
    assert V1().react(BAD) == 450e6


def test_v2_may_change_every_second_cycle_although_its_cooldown_is_thirty_seconds() -> None:
    """The cycle that waits also resets the timer."""
    policy = V2(2.0)
    assert [policy.react(INPUTS) for _ in range(4)] == [515e6, 500e6, 515e6, 500e6]


def test_v5_holds_in_its_dead_band() -> None:
    """Between half the threshold and the threshold nothing moves."""
    policy = V5(2.0)
    assert policy.react(replace(INPUTS, reading=SensorReading(1.5, 2.0))) == 500e6
    assert policy.react(BAD) == 400e6


def test_heracles_leaves_five_percent_of_the_link_or_ten_of_the_critical() -> None:
    """Algorithm 4 of its paper."""
    assert Heracles().react(INPUTS) == pytest.approx(650e6)
    assert Heracles().react(replace(INPUTS, other_bps=800e6)) == pytest.approx(120e6)


def test_volcano_looks_at_bytes_only() -> None:
    """High below its watermark, low above it, whatever the delay."""
    assert Volcano().react(BAD) == 400e6
    assert Volcano().react(replace(INPUTS, other_bps=900e6)) == 100e6


def test_swift_cuts_in_proportion_once_per_reaction_time() -> None:
    """Four fifths of the excess over the delay, at most half."""
    policy = Swift()
    assert policy.react(BAD) == pytest.approx(500e6 * (1 - 0.5))
    assert policy.react(BAD) == 500e6


def test_cake_autorate_needs_three_bad_of_six_and_grows_under_load_only() -> None:
    """One odd delay is nothing, and an idle link proves nothing."""
    policy = CakeAutorate()
    moves = [policy.react(replace(BAD, now_s=100.0 + at)) for at in range(3)]
    assert moves[0] == moves[1] == 500e6
    assert moves[2] < 500e6
    assert CakeAutorate().react(replace(INPUTS, best_effort_bps=100e6)) == 500e6
    assert CakeAutorate().react(INPUTS) > 500e6


def test_policies_that_patch_the_template_wait_for_a_restart() -> None:
    """Four seconds at least; hot ones wait for the plant alone."""
    one = scenario()
    first = {
        policy: next(tick.at_s for tick in trace(policy, one).links[0].ticks if tick.limit_bps[0] != 50e6)
        for policy in ("v1", "v1-fresh")
    }
    assert first["v1"] - first["v1-fresh"] == pytest.approx(3.0, abs=0.6)


def test_the_blind_policy_opens_the_link_and_no_policy_beats_no_control_at_violating() -> None:
    """Closed loop: what the v1 controller did to its critical traffic."""
    one = scenario(duration_s=300)
    assert outcome("none", one).violation_ratio > 0.9
    assert outcome("v1", one).violation_ratio > 0.5


@pytest.mark.parametrize("policy", list(POLICIES))
def test_every_policy_survives_every_fault_at_once(policy: str) -> None:
    """Lost latency, lost counters, refused writes: a policy may do badly, but it must go on."""
    faults = (
        "faults: [{kind: latency-lost, at_s: 30, for_s: 10}, {kind: counters-lost, at_s: 35, for_s: 10}, "
        "{kind: writes-fail, at_s: 20, for_s: 20, share: 0.5}, {kind: path-lost, at_s: 50, for_s: 3}]"
    )
    ticks = trace(policy, scenario(faults)).links[0].ticks
    assert len(ticks) == 120
    assert all(1e6 <= tick.cap_bps[0] <= 100e6 for tick in ticks)

"""A slow server starves nobody, and a link that really is too small is not made worse by trying."""

from __future__ import annotations

import pytest

from detnet_lab.simulator.policies.production import ProductionPolicy
from detnet_lab.simulator.simulation import run
from detnet_lab.simulator.trace import LinkTrace
from simulator.small_runs import SMALL, scenario

SLOW = "faults: [{kind: server-slow, at_s: 40, for_s: 160, ms: 6}]\n"
POLICIES = ["learned", "aimd", "graded", "steps"]


def course(policy: str, body: str, *, share: str = "50%") -> LinkTrace:
    """Run four minutes with what an exonerated best effort gets back."""
    policy = ProductionPolicy(policy, loop={"exonerated_share": share})
    return run(scenario(body, duration_s=240), SMALL, policy, 0).links[0]


def goodput_bps(link: LinkTrace, from_s: float, to_s: float) -> float:
    """Return the mean goodput of best effort."""
    each = [sum(tick.goodput_bps) for tick in link.ticks if from_s <= tick.at_s < to_s]
    return sum(each) / len(each)


def lost_share(link: LinkTrace) -> float:
    """Return the share of the critical traffic that was lost."""
    return sum(tick.lost_bits for tick in link.ticks) / sum(0.5 * tick.critical_bps for tick in link.ticks)


@pytest.mark.parametrize("policy", POLICIES)
def test_a_slow_server_costs_best_effort_half_and_the_critical_workload_nothing(policy: str) -> None:
    """Half of the most that was good before comes back, and no second of the server's slowness violates."""
    link = course(policy, SLOW)
    good_bps = max(goodput_bps(link, at_s, at_s + 2.0) for at_s in range(38))
    assert 0.35 * good_bps < goodput_bps(link, 170.0, 200.0) <= 0.55 * good_bps
    assert not [window for window in link.windows if 60 <= window.start_s < 200 and window.broken]


def test_the_policy_goes_on_with_what_it_knew() -> None:
    """Ten seconds after the server has recovered best effort is where it was."""
    link = course("learned", SLOW)
    assert goodput_bps(link, 210.0, 240.0) > 0.85 * goodput_bps(link, 30.0, 40.0)


def test_a_slow_server_on_a_link_that_shrank_is_found_out() -> None:
    """Half of what was good is too much now: each attempt is caught within two seconds and the next waits longer."""
    drop = "capacity: [{steps: [[0, 1.0], [45, 0.5]]}]\n"
    link = course("learned", SLOW + drop)
    assert "not-network" in {tick.mode for tick in link.ticks}
    violating = [window.start_s for window in link.windows if window.start_s >= 60 and window.broken]
    assert len(violating) <= 4
    assert goodput_bps(link, 60.0, 200.0) < 20e6


@pytest.mark.parametrize("capacity", [0.28, 0.305, 0.313])
def test_a_link_that_is_too_small_for_the_critical_workload_loses_hardly_more_by_trying(capacity: float) -> None:
    """It violates whatever best effort does; what trying adds stays at a few thousandths of the packets."""
    body = f"capacity: [{{steps: [[0, 1.0], [40, {capacity}]]}}]\n"
    trying, resigned = course("learned", body), course("learned", body, share="0%")
    assert lost_share(trying) < lost_share(resigned) + 0.003

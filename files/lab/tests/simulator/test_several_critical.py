"""Several critical workloads on one link: each has its own rate, its own promise and its own judgement."""

from __future__ import annotations

from dataclasses import replace

import pytest

from detnet.model.errors import ConfigError
from detnet_lab.simulator.exogenous import draw
from detnet_lab.simulator.outcome import judge
from detnet_lab.simulator.policies.production import ProductionPolicy
from detnet_lab.simulator.simulated_domain import SimulatedDomain
from detnet_lab.simulator.simulator_scenario import Scenario
from simulator.small_runs import SMALL, outcome, scenario, trace

LOOSE = (
    "{name: camera, rate: {pulse: {high: 0.3, start_s: 30, for_s: 20}}, latency_ms: 50, loss: 0.5, priority: important}"
)


def shared(*rows: str) -> Scenario:
    """Return a minute with these critical workloads."""
    return scenario(critical=f"[{', '.join(rows)}]")


def tight(jitter_ms: float = 2.0, rate: str = "0.3") -> str:
    """Return a workload that may lose nothing."""
    return f"{{name: robot-control, rate: {rate}, jitter_ms: {jitter_ms}, loss: 0}}"


def domain_of(one: Scenario) -> SimulatedDomain:
    """Return the domain of its first link."""
    plan = one.links[0]
    return SimulatedDomain(plan, SMALL, draw(plan, SMALL, one.duration_s, "0"), actuation_s=0.0)


def test_each_is_judged_by_its_own_promise() -> None:
    """A full queue of 8 ms breaks a promise of 2 ms at once, and never one of 50; any of them makes a violation."""
    found = outcome("none", shared(tight(), LOOSE))
    assert found.broken["camera"] == 0
    assert found.broken["robot-control"] == found.violating > 30


def test_a_second_violates_when_any_promise_is_broken() -> None:
    """The tighter one decides, wherever it stands in the list."""
    rows = tight(1.0), tight(8.0).replace("robot-control", "other")
    for order in (rows, rows[::-1]):
        found = outcome("learned", shared(*order))
        assert found.broken["robot-control"] >= found.broken["other"]
        assert max(found.broken.values()) <= found.violating <= sum(found.broken.values())


def test_a_burst_is_judged_by_what_its_own_packets_met() -> None:
    """A queue of up to 3 ms in a tenth of a second: a third of the burst's own packets, 4 % of a steady workload's."""
    burst = "{name: burst, rate: {pulse: {high: 0.72, start_s: 40.1, for_s: 0.1}}, jitter_ms: 2}"
    calm = "{name: calm, rate: 0.3, jitter_ms: 2}"
    smooth = replace(SMALL, buffer_ms=100.0, critical_noise=0.0, burst_bytes=60)
    idle = scenario(critical=f"[{burst}, {calm}]", targets="[{name: upload, demand: 0.01, protocol: udp}]")
    assert outcome("none", idle, plant=smooth).broken == {"burst": 1, "calm": 0}


def test_their_rates_add_up_and_the_first_meets_the_same_beside_others() -> None:
    """Adding a workload must not change what the present ones draw."""
    alone, both = (draw(one.links[0], SMALL, 60.0, "0") for one in (shared(tight()), shared(tight(), LOOSE)))
    assert both.workload_bps[0] == alone.critical_bps
    assert both.probes[0] == alone.probes[0] != both.probes[1]
    assert both.critical_bps == [sum(pair) for pair in zip(*both.workload_bps, strict=True)]


def test_the_daemon_is_told_every_objective_and_sees_every_probe() -> None:
    """As a user writes them; a limit that was not given is none."""
    domain = domain_of(shared(tight(), LOOSE))
    robot, camera = ProductionPolicy("learned").settings(domain).effective_objectives
    assert (robot.jitter, robot.latency, robot.loss) == (0.002, None, 0.0)
    assert (camera.jitter, camera.latency, camera.loss) == (None, 0.05, 0.5)
    assert (robot.priority, camera.priority) == ("critical", "important")
    for slot in range(10):
        domain.advance(slot)
    assert all(len(window.samples) > 10 for window in domain.latest().evidence.values())  # type: ignore[union-attr]


def test_the_strictest_promise_is_what_the_published_policies_are_told_and_what_is_drawn() -> None:
    """4 ms of latency over a path of 1 ms leave 3 ms of queue."""
    domain = domain_of(shared(tight(5.0), LOOSE.replace("latency_ms: 50", "latency_ms: 4")))
    assert domain.limits_ms == (3.0, 4.0)


def test_links_that_share_a_workload_count_its_seconds_once() -> None:
    """A second in which both links break the promise to the same workload is one second of its."""
    one = trace("none", scenario(critical="0.4"))
    twice = replace(one, links=one.links * 2)
    assert judge(twice).broken == judge(one).broken == {"robot-control": judge(one).violating}


@pytest.mark.parametrize(
    ("row", "sentence"),
    [
        ("{name: a, rate: 0.1}", "has no limit"),
        ("{name: a, rate: 0.1, jitter_ms: -1}", "jitter_ms: expected a number"),
        ("{name: robot-control, rate: 0.1, jitter_ms: 1}", "'robot-control' is used twice"),
        ("{name: a, speed: 0.1, jitter_ms: 1}", "unknown key 'speed'"),
        ("{name: a, rate: 0.1, jitter_ms: 1, priority: high}", "priority: expected critical or important"),
    ],
)
def test_a_wrong_workload_is_refused_with_its_place(row: str, sentence: str) -> None:
    """One sentence, with file and key."""
    with pytest.raises(ConfigError, match=rf"test.yaml: critical.*{sentence}"):
        shared(tight(), row)

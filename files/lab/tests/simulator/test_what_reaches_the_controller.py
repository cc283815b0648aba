"""Samples, counters and the clock as the controller's source and actuator hand them on, faults included."""

from __future__ import annotations

import pytest

from detnet.model.samples import Sample
from detnet.sources.source import SampleWindow
from detnet_lab.simulator.plant import SLOT_S
from detnet_lab.simulator.simulated_domain import SimulatedDomain
from detnet_lab.simulator.simulation import draw_world
from detnet_lab.simulator.simulator_scenario import DEFAULT_CRITICAL
from simulator.small_runs import SMALL, scenario


def domain_at(seconds: float, body: str = "", targets: str = "[{name: upload}]") -> SimulatedDomain:
    """Return a domain to which so much time has happened, without a controller."""
    one = scenario(body, targets=targets)
    (exogenous,) = draw_world(one, SMALL, 0)
    domain = SimulatedDomain(one.links[0], SMALL, exogenous, actuation_s=1.0)
    for slot in range(round(seconds / SLOT_S)):
        domain.advance(slot)
    return domain


def seen(domain: SimulatedDomain) -> tuple[Sample, ...]:
    """Return what the source has in its slot."""
    window = domain.latest().evidence[DEFAULT_CRITICAL]
    assert isinstance(window, SampleWindow)
    return window.samples


def test_samples_come_at_the_probes_rate_with_the_controllers_time() -> None:
    """20 a second, stamped with when they were sent."""
    domain = domain_at(10.0)
    assert len([s for s in seen(domain) if s.sent_at_s > domain.clock() - 1.0]) == pytest.approx(20, abs=1)
    assert 0.0 <= domain.clock() - seen(domain)[-1].sent_at_s < 0.1


def test_a_lost_probe_is_known_after_its_timeout_only() -> None:
    """Silence is no evidence before half a second has passed."""
    early = domain_at(5.4, "faults: [{kind: path-lost, at_s: 5, for_s: 10}]")
    late = domain_at(6.0, "faults: [{kind: path-lost, at_s: 5, for_s: 10}]")
    assert all(s.rtt_ms is not None for s in seen(early))
    assert any(s.rtt_ms is None for s in seen(late))


@pytest.mark.parametrize("kind", ["latency-lost", "latency-frozen"])
def test_without_new_samples_the_newest_grows_old(kind: str) -> None:
    """A lost source and a frozen one look the same to who judges by the time of sending."""
    domain = domain_at(20.0, f"faults: [{{kind: {kind}, at_s: 10, for_s: 30}}]")
    assert domain.clock() - seen(domain)[-1].sent_at_s == pytest.approx(10.0, abs=0.2)


def test_lost_counters_cannot_be_read_and_frozen_ones_stand_still() -> None:
    """Two different faults: no number, and the same number again."""
    assert domain_at(20.0, "faults: [{kind: counters-lost, at_s: 10, for_s: 30}]").actuator.usage() is None
    frozen = domain_at(20.0, "faults: [{kind: counters-frozen, at_s: 10, for_s: 30}]").actuator.usage()
    running = domain_at(20.0).actuator.usage()
    before = domain_at(10.1).actuator.usage()
    assert frozen is not None
    assert before is not None
    assert running is not None
    assert frozen.other_bytes == pytest.approx(before.other_bytes, rel=0.02)
    assert running.other_bytes > 1.9 * frozen.other_bytes


def test_a_clock_step_moves_new_samples_and_not_the_old() -> None:
    """What was stamped before the step keeps its stamp."""
    before, after = domain_at(9.9), domain_at(12.0, "faults: [{kind: clock-step, at_s: 10, s: -30}]")
    assert after.clock() < before.clock()
    assert max(s.sent_at_s for s in after.samples_since(10.0)) > after.clock()


def test_a_slow_server_is_seen_by_the_probe_but_not_by_the_truth() -> None:
    """Best effort is innocent of it."""
    domain = domain_at(20.0, "faults: [{kind: server-slow, at_s: 10, for_s: 30, ms: 6}]")
    assert min(s.rtt_ms or 0.0 for s in seen(domain)) > 6.0
    assert max(domain.advance(200).queue_ms) == 0.0

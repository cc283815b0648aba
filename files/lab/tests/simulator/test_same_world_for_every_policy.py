"""Common random numbers: what comes from outside depends on the seed alone."""

from __future__ import annotations

from dataclasses import replace

from detnet_lab.simulator.simulation import draw_world
from simulator.small_runs import SMALL, scenario, trace

BUSY = scenario(critical="[{level: 0.2}, {bursts: {high: 0.5, for_s: 0.3, every_s: 5}}]")


def test_the_same_seed_gives_the_same_trace() -> None:
    """A run has no clock and no hidden chance."""
    assert trace("learned", BUSY, seed=3) == trace("learned", BUSY, seed=3)


def test_another_seed_gives_another_world() -> None:
    """Seeds would be no sample if they were alike."""
    assert draw_world(BUSY, SMALL, 1) != draw_world(BUSY, SMALL, 2)


def test_every_policy_meets_the_same_capacity_and_critical_traffic() -> None:
    """What a policy does must not shift a draw."""
    outsides = {
        tuple((tick.capacity_bps, tick.critical_bps) for tick in trace(policy, BUSY).links[0].ticks)
        for policy in ("learned", "none", "static-half")
    }
    assert len(outsides) == 1


def test_the_plant_does_not_shift_the_draws() -> None:
    """Plants are compared in pairs too: another buffer leaves the traffic as it is."""
    (small,), (deep,) = draw_world(BUSY, SMALL, 1), draw_world(BUSY, replace(SMALL, buffer_ms=50.0), 1)
    assert small.critical_bps == deep.critical_bps
    assert small.bursts == deep.bursts

"""Finds the oracle's best parameters for one world: the most compliant goodput within a bound on violations."""

from __future__ import annotations

from dataclasses import replace

from detnet_lab.simulator.outcome import Outcome, judge
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.policies.oracle import Oracle, foreseen_bps
from detnet_lab.simulator.simulation import World, run
from detnet_lab.simulator.simulator_scenario import Scenario

MOST_VIOLATIONS = 0.015
"""The goal of the learned policy, as a share of the seconds: with less the oracle would be no bound for it."""
_HEADROOMS = tuple(0.5 * 0.85**power for power in range(31, -1, -1))
_RESERVES = (0.0, 0.5, 1.0)


def best(scenario: Scenario, plant: Plant, seed: int, world: World) -> Outcome:
    """Return the oracle's outcome with the reserve and the headroom that get the most and keep the objective.

    Where none keeps it, as when the critical traffic alone is too much, it is the one that violates least.
    """
    links = tuple(replace(link, faults=()) for link in scenario.links)
    spared = replace(scenario, links=links)  # what fails around a controller does not reach it
    found: Outcome | None = None
    for reserve in _RESERVES:
        if found is None or _most_bps(world, reserve) > found.compliant_bps or found.violation_ratio > MOST_VIOLATIONS:
            outcome = _least_headroom(spared, plant, seed, world, reserve)
            found = outcome if found is None else max(found, outcome, key=_rank)
    if found is None:
        raise ValueError("there is no reserve to choose from")
    return found


def _rank(outcome: Outcome) -> tuple[float, float]:
    return -max(outcome.violation_ratio, MOST_VIOLATIONS), outcome.compliant_bps


def _most_bps(world: World, reserve: float) -> float:
    """Return what this reserve leaves to best effort at most: without any headroom."""
    total = 0.0
    for link in world:
        spare = zip(link.capacity_bps, foreseen_bps(link.critical_bps, reserve), strict=True)
        total += sum(max(0.0, capacity - foreseen) for capacity, foreseen in spare) / link.slots
    return total


def _least_headroom(scenario: Scenario, plant: Plant, seed: int, world: World, reserve: float) -> Outcome:
    """Return the outcome at the least headroom that keeps the objective; more only ever keeps it better."""
    low, high = 0, len(_HEADROOMS) - 1  # 0.3 % to 50 %
    outcomes: dict[int, Outcome] = {}

    def outcome(at: int) -> Outcome:
        if at not in outcomes:
            outcomes[at] = judge(run(scenario, plant, Oracle(_HEADROOMS[at], reserve), seed, world, ticks=False))
        return outcomes[at]

    while low < high:
        middle = (low + high) // 2
        if outcome(middle).violation_ratio <= MOST_VIOLATIONS:
            high = middle
        else:
            low = middle + 1
    return outcome(high)

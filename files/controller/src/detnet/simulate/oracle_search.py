"""Finds the oracle's best parameters for one world: the most compliant goodput with violations of at most 0.1 %."""

from __future__ import annotations

from dataclasses import replace

from detnet.simulate.judge import Outcome, judge
from detnet.simulate.laws.oracle import Oracle
from detnet.simulate.plant import Plant
from detnet.simulate.run import World, run
from detnet.simulate.scenario import Scenario

MOST_VIOLATIONS = 0.001
_HEADROOMS = tuple(0.5 * 0.85**power for power in range(31, -1, -1))


def best(scenario: Scenario, plant: Plant, seed: int, outside: World) -> Outcome:
    """Return the oracle's outcome at the least headroom that keeps the objective.

    More headroom only ever keeps it better and costs goodput, so the least is found by bisection. Where not even the
    largest keeps it, as when the critical traffic alone is too much, that one is returned.
    """
    links = tuple(replace(link, faults=()) for link in scenario.links)
    spared = replace(scenario, links=links)  # what fails around a controller does not reach it
    low, high = 0, len(_HEADROOMS) - 1  # 0.3 % to 50 %
    outcomes: dict[int, Outcome] = {}

    def outcome(at: int) -> Outcome:
        if at not in outcomes:
            outcomes[at] = judge(run(spared, plant, Oracle(_HEADROOMS[at]), seed, outside))
        return outcomes[at]

    while low < high:
        middle = (low + high) // 2
        if outcome(middle).violation_ratio <= MOST_VIOLATIONS:
            high = middle
        else:
            low = middle + 1
    return outcome(high)

"""The oracle: it sees the present without delay and acts at once, but knows of the future only how bad it can be."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from detnet.control.allocate import allocate
from detnet_lab.simulator.plant import SLOT_S, Plant
from detnet_lab.simulator.policies.policy_interface import Step
from detnet_lab.simulator.simulated_domain import SimulatedDomain


@dataclass(frozen=True, slots=True)
class Oracle:
    """Spends ``C(t)(1 - headroom) - foreseen(critical(t))``, divided by the targets' true demands.

    C and critical are those of the last slot. What it foresees is critical and ``reserve`` times the scenario's whole
    range of it, never above the scenario's highest: 1 is always ready for the worst, 0 never for anything.
    """

    headroom: float = 0.05
    reserve: float = 0.0
    name: str = "oracle"

    def actuation_s(self, plant: Plant) -> float:
        """Its writes are in force at once."""
        return 0.0

    def start(self, domain: SimulatedDomain) -> OracleController:
        """Begin."""
        return OracleController(self, domain)


class OracleController:
    """The oracle at work on one domain."""

    interval_s = SLOT_S

    def __init__(self, oracle: Oracle, domain: SimulatedDomain) -> None:
        self._oracle = oracle
        self._domain = domain
        self._last: tuple[int, ...] = ()
        self._foreseen_bps = foreseen_bps(domain.exogenous.critical_bps, oracle.reserve)

    def step(self) -> Step:
        """Write what the next slot can bear."""
        domain, oracle = self._domain, self._oracle
        exogenous = domain.exogenous
        slot = round(domain.now_s / SLOT_S)
        if slot < exogenous.slots:
            seen = max(0, slot - 1)
            spare_bps = exogenous.capacity_bps[seen] * (1.0 - oracle.headroom) - self._foreseen_bps[seen]
            budget_bps = int(min(max(spare_bps, 0.0), domain.maximum_bps))
            demands = tuple(int(demand[slot]) for demand in exogenous.demand_bps)
            if (budget_bps, *demands) != self._last:
                self._last = (budget_bps, *demands)
                claims = [replace(c, demand_bps=float(d)) for c, d in zip(domain.claims, demands, strict=True)]
                domain.actuator.apply(allocate(budget_bps, claims))
        return Step("oracle", "", "")


def foreseen_bps(critical_bps: Sequence[float], reserve: float) -> list[float]:
    """Return for each slot what the oracle expects of the next one."""
    most_bps = max(critical_bps)
    rise_bps = reserve * (most_bps - min(critical_bps))
    return [min(bps + rise_bps, most_bps) for bps in critical_bps]

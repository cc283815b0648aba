"""The oracle: it knows the capacity and the critical demand of the coming slot and has no delay; nobody can beat it."""

from __future__ import annotations

from dataclasses import dataclass, replace

from detnet.core.allocate import allocate
from detnet.simulate.laws.base import Step
from detnet.simulate.plant import SLOT_S, Plant
from detnet.simulate.site import Site


@dataclass(frozen=True, slots=True)
class Oracle:
    """Spends ``C(t)(1 - headroom) - critical(t)(1 + reserve)``, divided by the targets' true demands."""

    headroom: float = 0.05
    reserve: float = 0.0
    name: str = "oracle"

    def actuation_s(self, plant: Plant) -> float:
        """Its writes are in force at once."""
        return 0.0

    def start(self, site: Site) -> Running:
        """Begin."""
        return Running(self, site)


class Running:
    """The oracle at one site."""

    interval_s = SLOT_S

    def __init__(self, oracle: Oracle, site: Site) -> None:
        self._oracle = oracle
        self._site = site
        self._last: tuple[int, ...] = ()

    def step(self) -> Step:
        """Write what the next slot can bear."""
        site, oracle = self._site, self._oracle
        exogenous = site.exogenous
        slot = round(site.now_s / SLOT_S)
        if slot < exogenous.slots:
            spare_bps = exogenous.capacity_bps[slot] * (1.0 - oracle.headroom)
            spare_bps -= exogenous.critical_bps[slot] * (1.0 + oracle.reserve)
            budget_bps = int(min(max(spare_bps, 0.0), site.maximum_bps))
            demands = tuple(int(demand[slot]) for demand in exogenous.demand_bps)
            if (budget_bps, *demands) != self._last:
                self._last = (budget_bps, *demands)
                claims = [replace(c, demand_bps=float(d)) for c, d in zip(site.claims, demands, strict=True)]
                site.actuator.apply(allocate(budget_bps, claims))
        return Step("oracle", "", "")

"""Critical workloads: what each of them sends, and what it was promised."""

from __future__ import annotations

from dataclasses import dataclass

from detnet.model.objectives import Objective
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.profile import Term

CRITICAL = "robot-control"
"""The critical workload of a scenario that names none."""


@dataclass(frozen=True, slots=True)
class CriticalPlan:
    """One critical workload; without an objective of its own it was promised what the plant says."""

    rate: tuple[Term, ...]
    name: str = CRITICAL
    objective: Objective | None = None

    def promise(self, plant: Plant) -> Objective:
        """Return its objective."""
        return self.objective or Objective(self.name, plant.latency_ms, plant.jitter_ms, 0.0)

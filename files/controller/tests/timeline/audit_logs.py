"""Audit logs of the real control loop, in simulated time: the simulator's domain, the service's own entries."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from detnet.telemetry.audit import AuditLog
from detnet.telemetry.passes import Pass, audit_entry
from detnet_lab.simulator.plant import SLOT_S, Plant
from detnet_lab.simulator.policies.production import ProductionController, ProductionPolicy
from detnet_lab.simulator.simulated_domain import SimulatedDomain
from detnet_lab.simulator.simulation import draw_world
from detnet_lab.simulator.simulator_scenario import load

BEGAN = datetime(2025, 11, 22, 14, 3, tzinfo=UTC)


class _Audited(ProductionController):
    """The daemon with an audit log."""

    audit: AuditLog

    def record(self, one: Pass) -> None:
        """Write the pass as the service does."""
        self.audit.write(audit_entry(one))


def write_log(path: Path, scenario: str, *, policy: str = "learned", duration_s: float = 120.0, seed: int = 1) -> None:
    """Let the daemon control a scenario on the reference plant and keep its audit log at ``path``."""
    plan, plant, policy = load(scenario), Plant(), ProductionPolicy(policy)
    exogenous = draw_world(plan, plant, seed)[0]
    domain = SimulatedDomain(plan.links[0], plant, exogenous, actuation_s=policy.actuation_s(plant))
    running = _Audited(policy.settings(domain), domain)
    running.audit = AuditLog(path, now=lambda: BEGAN + timedelta(seconds=domain.now_s))
    due_s = 0.0
    for slot in range(round(duration_s / SLOT_S)):
        domain.advance(slot)
        if domain.now_s >= due_s:
            running.step()
            due_s += running.interval_s
    running.audit.close()

"""A published policy without our guard: its sensor, pace and formula; the division over targets is ours for all."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from detnet.actuators.base import ActuationError
from detnet.control.allocate import allocate, steady
from detnet.control.demand import Demand
from detnet.runtime.control_loop import TrafficMeter
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.policies.policy_interface import Step
from detnet_lab.simulator.policies.sensors import Sensor, SensorReading
from detnet_lab.simulator.simulated_domain import SimulatedDomain

MBPS = 1e6
RESTART_S = 4.0
"""Patching a Deployment's template rolls its pods; 4 s is kind (the documents report 10 to 15 s)."""
_DEMAND_EVERY_S = 0.5


@dataclass(frozen=True, slots=True)
class FormulaInputs:
    """What a formula may use. ``reading`` is ``None`` when the sensor knows nothing; uncounted traffic is ``None``."""

    now_s: float
    reading: SensorReading | None
    budget_bps: float
    maximum_bps: float
    jitter_ms: float
    latency_ms: float
    best_effort_bps: float | None
    other_bps: float | None


class Formula(Protocol):
    """From its inputs to the next budget in bit/s; it may remember."""

    def react(self, inputs: FormulaInputs) -> float:
        """Return the next budget."""


@dataclass(frozen=True, slots=True)
class StandalonePolicy:
    """A policy of the literature: its formula and sensor, new for each run, its pace, whether it restarts pods."""

    name: str
    formula: Callable[[], Formula]
    sensor: Callable[[], Sensor]
    interval_s: float
    restarts: bool = False

    def actuation_s(self, plant: Plant) -> float:
        """Return the plant's own delay, or that of a restart where it is longer."""
        return max(RESTART_S, plant.actuation_s) if self.restarts else plant.actuation_s

    def start(self, domain: SimulatedDomain) -> StandaloneController:
        """Put the policy to work."""
        return StandaloneController(self, domain)


class StandaloneController:
    """One policy at one domain."""

    def __init__(self, policy: StandalonePolicy, domain: SimulatedDomain) -> None:
        self.interval_s = policy.interval_s
        self._formula = policy.formula()
        self._sensor = policy.sensor()
        self._domain = domain
        self._meter = TrafficMeter()
        self._demand = Demand()
        self._counted_s = 0.0
        self._minimum_bps = sum(claim.minimum_bps for claim in domain.claims)
        self._budget_bps = float(sum(cap.bps for cap in domain.actuator.read().values() if cap))

    def step(self) -> Step:
        """Read the sensor, ask the formula, divide and write."""
        domain = self._domain
        reading, before_bps = self._sensor.read(domain), self._budget_bps
        traffic = self._meter.rates(domain.actuator.usage())
        jitter_ms, latency_ms = domain.limits_ms
        inputs = FormulaInputs(
            now_s=domain.now_s,
            reading=reading,
            budget_bps=before_bps,
            maximum_bps=domain.maximum_bps,
            jitter_ms=jitter_ms,
            latency_ms=latency_ms,
            best_effort_bps=traffic.best_effort_bps if traffic else None,
            other_bps=traffic.other_bps if traffic else None,
        )
        self._budget_bps = min(max(self._formula.react(inputs), self._minimum_bps), domain.maximum_bps)
        in_force = domain.actuator.read()
        if domain.now_s >= self._counted_s + _DEMAND_EVERY_S - 1e-9:
            self._counted_s = domain.now_s
            self._demand = self._demand.after(traffic.target_bps if traffic else {}, in_force, domain.clock())
        budget_bps = int(self._budget_bps)
        claims = self._demand.claims(domain.claims, in_force)
        caps = steady(allocate(budget_bps, claims), in_force, budget_bps, claims)
        reason = ""
        if caps != in_force:
            try:
                domain.actuator.apply(caps)
            except ActuationError as error:
                reason = str(error)
        moved = self._budget_bps - before_bps
        action = "raise" if moved > 0 else "cut" if moved < 0 else "hold"
        if reading is None:
            return Step("blind", action, reason)
        return Step("policy", action, reason, reading.jitter_ms, reading.latency_ms, reading.loss_ratio)

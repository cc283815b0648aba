"""What a policy is to the simulator: it is woken at its own pace, observes a domain and writes caps there."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.simulated_domain import SimulatedDomain


@dataclass(frozen=True, slots=True)
class Step:
    """What a controller decided and why. ``jitter_ms``, ``latency_ms`` and ``loss_ratio`` are what it believed."""

    mode: str
    action: str
    reason: str
    jitter_ms: float | None = None
    latency_ms: float | None = None
    loss_ratio: float | None = None
    terms: Mapping[str, float] = field(default_factory=dict)


class Controller(Protocol):
    """A policy at work on one domain."""

    interval_s: float

    def step(self) -> Step:
        """Look, decide and write."""


class Policy(Protocol):
    """A policy that can be put to work on any domain."""

    @property
    def name(self) -> str:
        """The name by which commands and reports know it."""

    def actuation_s(self, plant: Plant) -> float:
        """Return how long this policy's writes take to be in force on this plant."""

    def start(self, domain: SimulatedDomain) -> Controller:
        """Begin to control a domain, knowing nothing of it."""

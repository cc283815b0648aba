"""The product: its own control loop, on a simulated source, actuator and clock."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from detnet.config.models import Settings
from detnet.control.decision import Rules
from detnet.model.objectives import Objective
from detnet.model.rate import Rate
from detnet.model.signals import Interval, Signal
from detnet.runtime.build import build_claims, build_rules
from detnet.runtime.control_loop import ControlLoop, LoopParts, Memory
from detnet.sources.source import Reading
from detnet.telemetry.passes import Pass
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.policies.policy_interface import Step
from detnet_lab.simulator.simulated_domain import SimulatedDomain


@dataclass(frozen=True, slots=True)
class ProductionPolicy:
    """The core with one of its policies, configured as a user would; ``loop`` are settings of its section ``loop``."""

    policy: str
    name: str = ""
    loop: Mapping[str, object] = field(default_factory=dict)

    def __post_init__(self) -> None:
        """Take the policy's name where no other is given."""
        if not self.name:
            object.__setattr__(self, "name", self.policy)

    def actuation_s(self, plant: Plant) -> float:
        """Patching a pod's own annotation is hot: nothing but the plant's own delay."""
        return plant.actuation_s

    def start(self, domain: SimulatedDomain) -> ProductionController:
        """Start a control loop on the caps in force."""
        return ProductionController(self.settings(domain), domain)

    def settings(self, domain: SimulatedDomain) -> Settings:
        """Return what a user would write for this domain: the objective, the targets, and the range of their caps."""
        return Settings.model_validate(
            {
                "objectives": [_written(objective) for objective in domain.objectives.values()],
                "targets": [
                    {"name": c.name, "min": Rate(c.minimum_bps), "max": Rate(c.maximum_bps)} for c in domain.claims
                ],
                "policy": {"name": self.policy},
                "loop": dict(self.loop),
            }
        )


class ProductionController:
    """A control loop over a domain; ``record`` makes it its own recorder."""

    def __init__(
        self,
        settings: Settings,
        domain: SimulatedDomain,
        *,
        change: Callable[[Rules], Rules] = lambda rules: rules,
        control_loop: type[ControlLoop] = ControlLoop,
        memory: Memory | None = None,
    ) -> None:
        """Build the loop as settings say; ``change`` and ``control_loop`` let a study take a part out of it."""
        self.interval_s = settings.loop.interval
        parts = LoopParts(
            rules=change(build_rules(settings)),
            claims=build_claims(settings),
            source=_Source(domain),
            actuator=domain.actuator,
            recorder=self,
            interval_s=self.interval_s,
            memory=memory,
        )
        self._loop = control_loop(parts, clock=domain.clock)

    def step(self) -> Step:
        """Make one pass."""
        one = self._loop.step()
        decision = one.decision
        signal = next(iter(decision.signals.values()))
        return Step(
            mode=decision.mode.value,
            action=decision.action.value,
            reason=decision.reason + "".join(f" [{error}]" for error in one.errors),
            jitter_ms=_low(signal.jitter_ms) if signal else None,
            latency_ms=_low(signal.latency_ms) if signal else None,
            loss_ratio=signal.loss_ratio if isinstance(signal, Signal) else None,
            terms=decision.terms,
        )

    def record(self, one: Pass) -> None:
        """Do nothing: what ``step`` returns is all that a trace keeps of a pass."""


class _Source:
    """The domain as the loop's source."""

    name = "simulated"

    def __init__(self, domain: SimulatedDomain) -> None:
        self._domain = domain

    def start(self) -> None:
        """Do nothing: simulated time moves the domain."""

    def stop(self) -> None:
        """Do nothing."""

    def latest(self) -> Reading:
        """Return what has reached the controller."""
        return self._domain.latest()


def _written(objective: Objective) -> dict[str, object]:
    """Return an objective as a user writes it."""
    limits = {"latency": objective.latency_ms, "jitter": objective.jitter_ms}
    written = {key: f"{limit_ms}ms" for key, limit_ms in limits.items() if limit_ms is not None}
    loss = {} if objective.loss_ratio is None else {"loss": f"{100.0 * objective.loss_ratio:g}%"}
    return {"workload": objective.workload, "priority": objective.priority.value, **written, **loss}


def _low(figure: Interval | None) -> float | None:
    return figure.low if figure else None

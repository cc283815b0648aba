"""The whole configuration; the rules that join several sections live here."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal, Self

from pydantic import model_validator

from detnet.config.sections import (
    ActuatorSettings,
    AuditSettings,
    Defaults,
    HttpSettings,
    LogSettings,
    LoopSettings,
    Model,
    ObjectiveSettings,
    PolicySettings,
    SourceSettings,
    StateSettings,
    TargetSettings,
)
from detnet.control.policy_registry import POLICIES, Pace
from detnet.model.rate import Rate


@dataclass(frozen=True, slots=True)
class Staleness:
    """Up to which age, in seconds, evidence is fresh, and from which age a blind budget decays."""

    fresh_for_s: float
    decay_after_s: float


class Settings(Model):
    """The whole configuration of one loop."""

    mode: Literal["enforce", "observe"] = "enforce"
    kill_switch: Path | None = None
    defaults: Defaults = Defaults()
    objectives: tuple[ObjectiveSettings, ...] = ()
    targets: tuple[TargetSettings, ...] = ()
    source: SourceSettings = SourceSettings()
    actuator: ActuatorSettings = ActuatorSettings()
    policy: PolicySettings = PolicySettings()
    loop: LoopSettings = LoopSettings()
    http: HttpSettings = HttpSettings()
    audit: AuditSettings = AuditSettings()
    state: StateSettings = StateSettings()
    log: LogSettings = LogSettings()

    @model_validator(mode="after")
    def _hangs_together(self) -> Self:
        for what, names in (
            ("objective", [o.workload for o in self.effective_objectives]),
            ("target", [t.name for t in self.effective_targets]),
        ):
            twice = sorted({name for name in names if names.count(name) > 1})
            if twice:
                forms = ": write namespace/name, kind/name or namespace/kind/name" if what == "objective" else ""
                raise ValueError(f"more than one {what} is named {twice[0]}{forms}")
        for target in self.effective_targets:
            low, high = target.min or self.defaults.min, target.max or self.defaults.max
            if low > high:
                raise ValueError(f"the target {target.name} has min {low.quantity} above max {high.quantity}")
            if self.actuator.kind == "tc" and target.match is None:
                raise ValueError(f"the target {target.name} needs 'match': the tc actuator must know its packets")
        loop, staleness = self.loop, self.staleness
        if not staleness.fresh_for_s <= staleness.decay_after_s <= loop.safe_after:
            raise ValueError("loop: expected fresh_for <= decay_after <= safe_after")
        low_bps = sum((t.min or self.defaults.min).bps for t in self.effective_targets)
        high_bps = sum((t.max or self.defaults.max).bps for t in self.effective_targets)
        # In Kubernetes a loop's targets are those that meet on its node: there the safe budget is bounded by them.
        bounded = self.actuator.kind != "kubernetes"
        if loop.safe is not None and bounded and not low_bps <= loop.safe.bps <= high_bps:
            between = f"{Rate(low_bps).quantity} to {Rate(high_bps).quantity}"
            raise ValueError(f"loop.safe {loop.safe.quantity} lies outside the targets' range {between}")
        return self

    @property
    def effective_objectives(self) -> tuple[ObjectiveSettings, ...]:
        """The objectives; when none is listed, the one that the v1 controller's flat names describe."""
        flat = self.defaults
        return self.objectives or (
            ObjectiveSettings.model_construct(workload=flat.workload, latency=flat.latency, jitter=flat.jitter),
        )

    @property
    def effective_targets(self) -> tuple[TargetSettings, ...]:
        """The targets; when none is listed, the one that the v1 controller's flat names describe.

        Where targets are found by their label, that one counts only if somebody named it.
        """
        found = self.actuator.kind == "kubernetes" and self.actuator.kubernetes.discover
        if not self.targets and found and "target" not in self.defaults.model_fields_set:
            return ()
        return self.targets or (TargetSettings.model_construct(name=self.defaults.target),)

    @property
    def pace(self) -> Pace:
        """The pace of growth: the v1 controller's for its policies, a quicker one for a policy that knows when to grow.

        ``learned`` has no least raise: it explores in steps of its own, and ``allocate.steady`` spares the writes.
        """
        learned = self.policy.name == "learned"
        own = POLICIES[self.policy.name].pace
        loop = self.loop
        return Pace(
            own.cooldown_s if loop.cooldown is None else loop.cooldown,
            own.raise_every_s if loop.raise_every is None else loop.raise_every,
            own.least_raise_bps if learned or loop.least_raise is None else loop.least_raise.bps,
        )

    @property
    def staleness(self) -> Staleness:
        """The staleness with silence: 1.5 s with the probe's own source, three scrapes and a poll of Prometheus."""
        source, loop = self.source, self.loop
        scrape_s = source.prometheus.scrape_interval
        own_s = 1.5 if source.kind == "probe" else max(1.5, 3.0 * scrape_s + (source.period or scrape_s))
        fresh_for_s = own_s if loop.fresh_for is None else loop.fresh_for
        return Staleness(fresh_for_s, 2.0 * fresh_for_s if loop.decay_after is None else loop.decay_after)

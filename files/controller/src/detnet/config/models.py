"""The settings and their defaults; the defaults of the v1 controller's names are its own.

Every model is frozen and forbids unknown keys. Rules that join several values live in the model that holds them all.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from detnet.config.base import Cap, Duration, Model, Name, Patience, Share
from detnet.config.kubernetes import KubernetesSettings, LeaderSettings
from detnet.config.workloads import ObjectiveSettings, TargetSettings
from detnet.control.policy_registry import POLICIES, Pace
from detnet.model.rate import Rate

_MBPS = 1_000_000


class Defaults(Model):
    """What an objective or target takes when it does not say otherwise; the v1 controller's flat names end here."""

    workload: Name = "robot-factory-deployment"
    latency: Duration = 0.010
    jitter: Duration = 0.002
    target: Name = "telemetry-upload-deployment"
    min: Cap = Rate(10 * _MBPS)
    max: Cap = Rate(1000 * _MBPS)


class ProbeSettings(Model):
    """Where the probe's direct source listens (``detnet probe --metrics``)."""

    url: str = "http://127.0.0.1:9862"


class PrometheusSettings(Model):
    """Which Prometheus to ask; what to ask is said by each objective."""

    url: str = "http://prometheus-server:9090"
    window: Duration = 10.0
    scrape_interval: Duration = 1.0
    bearer_token_file: Path | None = None
    username: str | None = None
    password_file: Path | None = None
    ca_file: Path | None = None


class SourceSettings(Model):
    """Which source is asked, and how often."""

    kind: Literal["probe", "prometheus"] = "probe"
    period: Duration | None = None
    probe: ProbeSettings = ProbeSettings()
    prometheus: PrometheusSettings = PrometheusSettings()


class ActuatorSettings(Model):
    """What enforces the caps. ``namespace`` is a network namespace: a name of ``ip netns`` or a path."""

    kind: Literal["dry-run", "tc", "kubernetes"] = "dry-run"
    device: str | None = None
    namespace: str | None = None
    kubernetes: KubernetesSettings = KubernetesSettings()
    leader: LeaderSettings = LeaderSettings()

    @model_validator(mode="after")
    def _tc_needs_a_device(self) -> Self:
        if self.kind == "tc" and not self.device:
            raise ValueError("the tc actuator needs 'device', the network interface whose egress it shapes")
        return self


class PolicySettings(Model):
    """The policy of growth and its parameters; what a policy does not use is refused."""

    name: Literal["steps", "graded", "aimd", "learned"] = "learned"
    increase: Cap | None = None
    aggressive_decrease: Cap | None = None
    gentle_decrease: Cap | None = None
    decrease: Share | None = None
    ewma_alpha: Annotated[float, Field(gt=0, le=1)] | None = None
    dead_band: Share | None = None


class LoopSettings(Model):
    """The guard's and the loop's times and thresholds; see ``detnet.control.guard.Guard``.

    What is ``None`` depends on the policy (the v1 controller's policies need its patience, ``learned`` knows when
    to grow) or on the source (what Prometheus scrapes is older than what the probe hands over).
    """

    interval: Duration = 0.5
    window: Duration = 1.0
    least_samples: Annotated[int, Field(ge=1, le=10_000)] = 5
    fresh_for: Duration | None = None
    decay_after: Duration | None = None
    safe_after: Duration = 30.0
    decay_time_constant: Duration = 10.0
    settle: Duration = 0.5
    cooldown: Duration | None = None
    recovery: Duration = 10.0
    raise_every: Duration | None = None
    raise_ratio: Share = 0.25
    least_raise: Cap | None = None
    safe: Cap | None = None
    exonerate_after: Duration = 15.0
    exonerated_share: Share = 0.75

    @field_validator("interval")
    @classmethod
    def _reachable(cls, value: float) -> float:
        if not 0.05 <= value <= 60.0:
            raise ValueError("the loop's interval lies between 50ms and 1min")
        return value


class HttpSettings(Model):
    """Where ``/metrics``, ``/healthz`` and ``/readyz`` are served; ``null`` turns them off."""

    listen: str | None = "127.0.0.1:9863"


class AuditSettings(Model):
    """The audit log of decisions; ``path: null`` keeps none."""

    path: Path | None = None
    max_bytes: Annotated[int, Field(ge=64 * 1024)] = 16 * 1024 * 1024
    files: Annotated[int, Field(ge=1, le=100)] = 5


class StateSettings(Model):
    """The file in which what the loops know outlives a restart, and how old it may be; ``null`` keeps none."""

    path: Path | None = None
    max_age: Duration = 600.0


class LogSettings(Model):
    """The daemon's own log."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"


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
                raise ValueError(f"more than one {what} is named {twice[0]}")
        for target in self.effective_targets:
            low, high = target.min or self.defaults.min, target.max or self.defaults.max
            if low > high:
                raise ValueError(f"the target {target.name} has min {low.quantity} above max {high.quantity}")
            if self.actuator.kind == "tc" and target.match is None:
                raise ValueError(f"the target {target.name} needs 'match': the tc actuator must know its packets")
        loop, patience = self.loop, self.patience
        if not patience.fresh_for_s <= patience.decay_after_s <= loop.safe_after:
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

        ``learned`` takes no least raise: it explores in steps of its own, and ``allocate.steady`` spares the writes.
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
    def patience(self) -> Patience:
        """The patience with silence: 1.5 s with the probe's own source, three scrapes and a poll of Prometheus."""
        source, loop = self.source, self.loop
        scrape_s = source.prometheus.scrape_interval
        own_s = 1.5 if source.kind == "probe" else max(1.5, 3.0 * scrape_s + (source.period or scrape_s))
        fresh_for_s = own_s if loop.fresh_for is None else loop.fresh_for
        return Patience(fresh_for_s, 2.0 * fresh_for_s if loop.decay_after is None else loop.decay_after)

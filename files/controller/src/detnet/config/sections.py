"""The sections of the configuration and their defaults; the defaults of the v1 controller's names are its own.

Every model is frozen and forbids unknown keys.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    PlainSerializer,
    field_validator,
    model_validator,
)

from detnet.model.annotations import EGRESS
from detnet.model.errors import ConfigError
from detnet.model.rate import Rate
from detnet.model.units import parse_duration_s, parse_rate, parse_share
from detnet.sources.credentials import Credentials
from detnet.sources.fetch import base_url

_MBPS = 1_000_000

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9]([A-Za-z0-9._/-]{0,251}[A-Za-z0-9])?$")]
# RFC 1123 label: what a namespace may be called.
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
AnnotationKey = Annotated[
    str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
]
Kind = Literal["Deployment", "StatefulSet", "DaemonSet", "Pod"]


def _parse_url(text: str) -> str:
    try:
        base_url(text)
    except ConfigError as error:
        raise ValueError(str(error)) from error
    return text


def _format_duration(seconds: float) -> str:
    return f"{seconds * 1e3:g}ms" if seconds < 1.0 else f"{seconds:g}s"


Duration = Annotated[float, BeforeValidator(parse_duration_s), PlainSerializer(_format_duration, when_used="json")]
Share = Annotated[float, BeforeValidator(parse_share), PlainSerializer(lambda share: f"{share:.6g}", when_used="json")]
Url = Annotated[str, AfterValidator(_parse_url)]
Cap = Annotated[Rate, BeforeValidator(parse_rate), PlainSerializer(lambda rate: rate.quantity, when_used="json")]


class Model(BaseModel):
    """Frozen, and a key that it does not know is a mistake."""

    model_config = ConfigDict(frozen=True, extra="forbid", arbitrary_types_allowed=True, validate_default=False)


class Defaults(Model):
    """What holds for an objective or target that does not say otherwise; the v1 controller's flat names end here."""

    workload: Name = "robot-factory-deployment"
    latency: Duration = 0.010
    jitter: Duration = 0.002
    target: Name = "telemetry-upload-deployment"
    min: Cap = Rate(10 * _MBPS)
    max: Cap = Rate(1000 * _MBPS)


class BasicAuthSettings(Model):
    """A user name, and the file with its password."""

    username: str
    password_file: Path


class HeaderFileSettings(Model):
    """A header whose value is a secret."""

    file: Path


class TlsSettings(Model):
    """Whom we trust (``ca_file``), the certificate that we show, and the name that the server's must have."""

    ca_file: Path | None = None
    cert_file: Path | None = None
    key_file: Path | None = None
    server_name: str | None = None


class HttpClientSettings(Model):
    """How one HTTP server is spoken to, in the words of Prometheus' own client configuration."""

    bearer_token_file: Path | None = None
    basic_auth: BasicAuthSettings | None = None
    headers: dict[str, str | HeaderFileSettings] = {}
    tls: TlsSettings = TlsSettings()
    timeout: Annotated[Duration, Field(ge=0.05, le=60.0)] | None = None

    @property
    def credentials(self) -> Credentials:
        """Who we are there and whom we trust."""
        basic, tls = self.basic_auth, self.tls
        return Credentials(
            self.bearer_token_file,
            basic.username if basic else None,
            basic.password_file if basic else None,
            tls.ca_file,
            tls.cert_file,
            tls.key_file,
            tls.server_name,
            {name: value if isinstance(value, str) else value.file for name, value in self.headers.items()},
        )

    @model_validator(mode="after")
    def _can_be_sent(self) -> Self:
        try:
            _ = self.credentials
        except ConfigError as error:
            raise ValueError(str(error)) from error
        return self


class ProbeSettings(HttpClientSettings):
    """Where the probe's direct source listens (``detnet probe --metrics``)."""

    url: Url = "http://127.0.0.1:9862"


class PrometheusSettings(HttpClientSettings):
    """Which Prometheus to ask; what to ask is said by each objective."""

    url: Url = "http://prometheus-server:9090"
    window: Duration | None = None
    scrape_interval: Duration = 1.0

    @property
    def window_s(self) -> float:
        """What the figures are taken over, in seconds: fewer than five scrapes decide nothing."""
        return max(10.0, 6.0 * self.scrape_interval) if self.window is None else self.window


class SourceSettings(Model):
    """Which source is asked, and how often."""

    kind: Literal["probe", "prometheus"] = "probe"
    period: Duration | None = None
    probe: ProbeSettings = ProbeSettings()
    prometheus: PrometheusSettings = PrometheusSettings()


class QuerySettings(Model):
    """A PromQL expression that gives one number, and the unit of that number."""

    expression: str
    unit: Literal["s", "ms", "us", "ratio", "percent"]


class PromqlSettings(Model):
    """The user's own PromQL; ``measured_by`` selects a series that changes with each measurement: it gives the age."""

    measured_by: str
    latency: QuerySettings | None = None
    jitter: QuerySettings | None = None
    loss: QuerySettings | None = None


class ObjectiveSettings(Model):
    """One critical workload, its limits, and how the source knows it.

    ``path`` is the name of the probe's path, by default the workload's own; with Prometheus, ``hubble`` selects
    Hubble's HTTP series by their labels, and ``promql`` gives expressions instead.
    """

    workload: Name
    latency: Duration | None = None
    jitter: Duration | None = None
    loss: Share | None = None
    priority: Literal["critical", "important"] = "critical"
    path: Name | None = None
    namespace: Namespace | None = None
    kind: Kind = "Deployment"
    nodes: tuple[Name, ...] = ()
    hubble: dict[str, str] | None = None
    promql: PromqlSettings | None = None

    @model_validator(mode="after")
    def _has_a_limit(self) -> Self:
        if self.latency is None and self.jitter is None and self.loss is None:
            raise ValueError(f"the objective of {self.workload} has no limit: set latency, jitter or loss")
        if self.loss is not None and self.loss >= 1.0:
            raise ValueError("a loss limit of 100% promises nothing; leave it out")
        if 0.0 in (self.latency, self.jitter):
            raise ValueError("a limit of 0 ms cannot be kept by any network")
        if sum(way is not None for way in (self.path, self.hubble, self.promql)) > 1:
            raise ValueError(f"{self.workload}: give one of 'path', 'hubble' and 'promql'")
        return self


class TargetSettings(Model):
    """One best-effort workload: the range of its cap and its weight in the division of the budget.

    ``match`` selects packets for the tc actuator: source, destination, protocol, source_port, destination_port, dscp.
    ``kind`` and ``namespace`` say which workload of that name the Kubernetes actuator means.
    """

    name: Name
    min: Cap | None = None
    max: Cap | None = None
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    match: dict[str, str | int] | None = None
    namespace: Namespace | None = None
    kind: Kind = "Deployment"


class CountersSettings(HttpClientSettings):
    """PromQL for the byte counters: one of the pods' and one of the nodes' cumulative transmitted bytes.

    ``pods`` must answer series with the labels ``namespace`` and ``pod``, ``nodes`` with the label that ``node_label``
    names; ``nodes`` may be left out, then the rest of a node's traffic is not known.
    """

    url: Url | None = None
    pods: str = 'sum by (namespace, pod) (container_network_transmit_bytes_total{interface="eth0"})'
    nodes: str | None = None
    node_label: str = "node"
    period: Duration = 1.0


Anywhere = Annotated[str, Field(pattern=r"^(\*|[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)$")]


class DelegateSettings(Model):
    """The namespaces whose owners may ask for more than the configuration gives; ``*`` is every namespace.

    ``critical``: their label ``qos.detnet.io/class: critical`` keeps caps away. ``pause``: so does their annotation
    ``qos.detnet.io/pause``. ``share``: their annotations may raise the minimum (up to the maximum) and the weight.
    """

    critical: tuple[Anywhere, ...] = ()
    pause: tuple[Anywhere, ...] = ()
    share: tuple[Anywhere, ...] = ()


class KubernetesSettings(Model):
    """Where the pods are and how their caps are written.

    ``discover``: ``true`` takes the workloads with the label ``qos.detnet.io/class: best-effort`` for targets, ``all``
    every workload that is not critical, ``false`` those that are configured only.

    Without ``kubeconfig`` the cluster is the one that kubectl would ask (``detnet.kubernetes.access.kubeconfig``).
    ``mode`` ``rollout`` writes the caps to the pod templates instead, at most every ``rollout_every``: each write
    restarts the pods. The two priorities are values of ``bandwidth.cilium.io/priority``.
    """

    namespaces: tuple[Namespace, ...] = ("robot-factory",)
    kubeconfig: Path | None = None
    context: str | None = None
    annotation: AnnotationKey = EGRESS
    discover: bool | Literal["all"] = True
    delegate: DelegateSettings = DelegateSettings()
    mode: Literal["live", "rollout"] = "live"
    rollout_every: Duration = 60.0
    template_cap: bool = False
    best_effort_priority: str | None = None
    critical_priority: str | None = None
    writers: Annotated[int, Field(ge=1, le=64)] = 8
    write_every: Duration = 5.0
    events: bool = True
    counters: CountersSettings | None = None

    @field_validator("namespaces", mode="before")
    @classmethod
    def _listed(cls, value: object) -> object:
        # The v1 controller's NAMESPACE names one; several are written as in a shell's list.
        return tuple(part.strip() for part in value.split(",")) if isinstance(value, str) else value

    @model_validator(mode="after")
    def _has_a_namespace(self) -> Self:
        if not self.namespaces:
            raise ValueError("name at least one namespace: the controller may touch no other")
        return self


class LeaderSettings(Model):
    """The Lease that says which replica writes. The three times are client-go's names for the same things."""

    enabled: bool = True
    namespace: Namespace = "detnet-system"
    name: Namespace = "detnet-controller"
    identity: str | None = None
    lease_duration: Duration = 15.0
    renew_deadline: Duration = 10.0
    retry_period: Duration = 2.0

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        # A leader must have stopped before another may begin, and must have had more than one try to renew.
        if not self.retry_period * 1.2 < self.renew_deadline < self.lease_duration:
            raise ValueError("leader: expected retry_period * 1.2 < renew_deadline < lease_duration")
        return self


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

    What is ``None`` depends on the policy (the v1 controller's policies need its staleness, ``learned`` knows when
    to grow) or on the source (what Prometheus scrapes is older than what the probe serves).
    """

    interval: Duration = 0.5
    window: Duration = 1.0
    least_samples: Annotated[int, Field(ge=1, le=10_000)] = 5
    fresh_for: Duration | None = None
    decay_after: Duration | None = None
    safe_after: Duration | None = None
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
    files: Annotated[int, Field(ge=2, le=100)] = 5


class StateSettings(Model):
    """The file in which what the loops know outlives a restart, and how old it may be; ``null`` keeps none."""

    path: Path | None = None
    max_age: Duration = 600.0


class LogSettings(Model):
    """The controller's own log."""

    level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"

    @field_validator("level", mode="before")
    @classmethod
    def _in_any_case(cls, value: object) -> object:
        level = str(value).upper()
        return "WARNING" if level == "WARN" else level

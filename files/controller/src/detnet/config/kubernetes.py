"""The settings of the Kubernetes actuator and of the election of one leader."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from detnet.config.base import Duration, Model
from detnet.model.annotations import EGRESS

# RFC 1123 label: what a namespace may be called.
Namespace = Annotated[str, Field(pattern=r"^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$")]
AnnotationKey = Annotated[
    str, Field(pattern=r"^([a-z0-9]([-a-z0-9.]*[a-z0-9])?/)?[A-Za-z0-9]([-A-Za-z0-9_.]{0,61}[A-Za-z0-9])?$")
]
Kind = Literal["Deployment", "StatefulSet", "DaemonSet", "Pod"]


class CountersSettings(Model):
    """PromQL for the byte counters: one of the pods' and one of the nodes' cumulative transmitted bytes.

    ``pods`` must answer series with the labels ``namespace`` and ``pod``, ``nodes`` with the label that ``node_label``
    names; ``nodes`` may be left out, then the rest of a node's traffic is not known.
    """

    url: str | None = None
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

    Without ``kubeconfig`` the pod's own service account is used where there is one, else the default kubeconfig.
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
    tell: bool = True
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

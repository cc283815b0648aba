"""The settings of the two sides: what was promised to whom, and whose cap may move how far."""

from __future__ import annotations

from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from detnet.config.base import Cap, Duration, Model, Name, Share
from detnet.config.kubernetes import Kind, Namespace


class QuerySettings(Model):
    """A PromQL expression that gives one number, and the unit of that number."""

    expression: str
    unit: Literal["s", "ms", "us", "ratio", "percent"]


class PromqlSettings(Model):
    """The user's own PromQL; ``measured_by`` selects a series that changes with each measurement, to tell its age."""

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

    ``match`` tells the tc actuator its packets: source, destination, protocol, source_port, destination_port, dscp.
    ``kind`` and ``namespace`` say which workload of that name the Kubernetes actuator means.
    """

    name: Name
    min: Cap | None = None
    max: Cap | None = None
    weight: Annotated[float, Field(gt=0, allow_inf_nan=False)] = 1.0
    match: dict[str, str | int] | None = None
    namespace: Namespace | None = None
    kind: Kind = "Deployment"

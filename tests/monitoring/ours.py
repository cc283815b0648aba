"""The metrics of our own programs, from their own registries and with a series of each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from prometheus_client import CollectorRegistry

from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.caps.writer import WriteStatistics
from detnet.kubernetes.events.metrics import ClusterCollector
from detnet.kubernetes.objects.workloads import Ref
from detnet.model.objectives import judge
from detnet.model.rate import Rate
from detnet.model.signals import Interval, Signal
from detnet.probe.exporter import ProbeMetrics
from detnet.probe.paths import Path as ProbePath
from detnet.probe.tally import SharedCounters
from detnet.telemetry.audit import AuditLog
from detnet.telemetry.metrics import Caps, Metrics
from telemetry.conftest import DECISION, OBJECTIVE

_SIGNAL = Signal(
    measured_at_s=0.0,
    span_s=1.0,
    sent=20,
    latency_ms=Interval.exactly(5.0),
    jitter_ms=Interval.exactly(1.0),
    loss_ratio=0.0,
)
_LEARNED = replace(
    DECISION,
    findings=judge(OBJECTIVE, _SIGNAL, age_s=0.1, fresh_for_s=1.5),
    terms={"capacity_bps": 90e6, "knee_bps": 80e6, "strain": 0.05},
)


class _Cluster:
    """A cluster with one workload whose cap has no effect."""

    def figures(self) -> WriteStatistics:
        return WriteStatistics()

    def proved(self) -> Mapping[Proof, int]:
        return dict.fromkeys(Proof, 1)

    def not_enforced(self) -> Mapping[Ref, str]:
        return {Ref("Deployment", "cell", "upload"): "same node"}

    def uncapped(self) -> Mapping[str, int]:
        return {"refused": 1}


class _Led:
    """A replica that leads and tells nobody."""

    leading = True
    cluster = _Cluster()
    event_recorder = None


def registries(folder: Path) -> Iterator[CollectorRegistry]:
    """Yield the controller's registry, as after a learned decision, and a prober's after one sample."""
    metrics = Metrics(version="1.2.3", audit=AuditLog(folder / "audit.jsonl"))
    rate = {"telemetry-upload": Rate(50_000_000)}
    metrics.record("worker-1", _LEARNED, Caps(rate, rate), duration_s=0.001)
    metrics.registry.register(ClusterCollector(_Led()))
    yield metrics.registry
    probe = ProbeMetrics([ProbePath.parse("robot=udp://192.0.2.1:862", rate_hz=20.0)], SharedCounters.shared(1))
    probe.observe(0, 0.0, 1.0)
    yield probe.registry


def names(folder: Path) -> set[str]:
    """Return the name of every series, with the suffix that a query needs."""
    families = [family for registry in registries(folder) for family in registry.collect()]
    return {sample.name for family in families for sample in family.samples}

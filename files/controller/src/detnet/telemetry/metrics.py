"""Every decision as Prometheus metrics, in base units; docs/reference/metrics.md lists them all.

A figure that is not known has no series: an invented 0 would look healthy, and a figure gone stale would look current.
Series of targets, workloads and domains that went away are removed for the same reason.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass

from prometheus_client import CollectorRegistry, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from detnet.control.decision import Decision
from detnet.model.rate import Rate
from detnet.telemetry.audit import AuditLog
from detnet.telemetry.loop_metrics import Definitions, LoopMetrics
from detnet.telemetry.state_file import StateFile

_CYCLE_BUCKETS_S = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5)


@dataclass(frozen=True, slots=True)
class Caps:
    """What became of the caps in one pass.

    Attributes:
        wanted: the cap decided on, for every target.
        in_force: the caps read back, ``None`` for a target without one; ``None`` when they could not be read.
        written: targets whose cap was set.
        failed: targets whose cap should have been set and was not.
    """

    wanted: Mapping[str, Rate]
    in_force: Mapping[str, Rate | None] | None
    written: Collection[str] = ()
    failed: Collection[str] = ()


class Metrics:
    """The controller's metrics in a registry of their own.

    Args:
        version: of the controller.
        audit: whose losses are counted here as well, if there is an audit log.
        state: likewise, if there is a state file.
        wall_s: wall clock, for the time of the last decision.
    """

    def __init__(
        self,
        *,
        version: str,
        audit: AuditLog | None,
        state: StateFile | None = None,
        wall_s: Callable[[], float] = time.time,
    ) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series per counter that nothing here reads
        self.registry = CollectorRegistry()
        self._wall_s = wall_s
        build = Gauge("detnet_build_info", "Version of the controller; always 1.", ("version",), registry=self.registry)
        build.labels(version).set(1)
        self._definitions = Definitions(self.registry)
        self._loops: dict[str, LoopMetrics] = {}
        self._duration = Histogram(
            "detnet_cycle_duration_seconds",
            "Length of a control pass.",
            buckets=_CYCLE_BUCKETS_S,
            registry=self.registry,
        )
        self._last_decision = Gauge(
            "detnet_last_decision_timestamp_seconds",
            "Unix time of the last decision; 0 before the first.",
            registry=self.registry,
        )
        if audit is not None:
            self.registry.register(_AuditCollector(audit))
        if state is not None:
            self.registry.register(_StateCollector(state))
        ProcessCollector(registry=self.registry)

    def record(self, domain: str, decision: Decision, caps: Caps, *, duration_s: float) -> None:
        """Show one finished pass over a domain that took ``duration_s`` seconds."""
        loop = self._loop(domain)
        loop.decided(decision)
        loop.capped(caps.wanted, caps.in_force, written=caps.written, failed=caps.failed)
        self._duration.observe(duration_s)
        self._last_decision.set(self._wall_s())

    def failed(self, domain: str, kind: str) -> None:
        """Count a pass in which something of that ``kind`` could not be worked out."""
        self._loop(domain).failed(kind)

    def _loop(self, domain: str) -> LoopMetrics:
        if domain not in self._loops:
            self._loops[domain] = LoopMetrics(self._definitions, domain)
        return self._loops[domain]

    def forget(self, domain: str) -> None:
        """A domain is no more: remove all its series."""
        loop = self._loops.pop(domain, None)
        if loop is not None:
            loop.close()


class _AuditCollector(Collector):
    """Reads the audit log's own counts when scraped, so that they are kept in one place."""

    def __init__(self, audit: AuditLog) -> None:
        self._audit = audit

    def collect(self) -> Iterator[Metric]:
        """Yield the counts."""
        yield CounterMetricFamily(
            "detnet_audit_lines_lost", "Decisions that could not be written to the audit log.", self._audit.lost_total
        )
        yield CounterMetricFamily(
            "detnet_audit_failures", "Failed writes, rotations and fsyncs of the audit log.", self._audit.failures_total
        )


class _StateCollector(Collector):
    """Likewise, from the state file."""

    def __init__(self, state: StateFile) -> None:
        self._state = state

    def collect(self) -> Iterator[Metric]:
        """Yield the counts."""
        unusable, failures = self._state.unusable_total, self._state.failures_total
        text = "State files that could not be used and were set aside."
        yield CounterMetricFamily("detnet_state_unusable", text, unusable)
        yield CounterMetricFamily("detnet_state_failures", "Failed writes of the state file.", failures)

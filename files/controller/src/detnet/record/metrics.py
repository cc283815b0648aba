"""Every decision as Prometheus metrics, in base units; docs/metrics.md lists them all.

A figure that is not known has no series (NaN where a metric has no labels): an invented 0 would look healthy, and a
figure gone stale would look current. Series of targets and workloads that went away are removed for the same reason.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass
from itertools import product

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, ProcessCollector, disable_created_metrics
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from detnet.core.decision import Action, Decision, Mode
from detnet.core.objectives import Finding, Verdict
from detnet.core.rate import Rate
from detnet.record.audit import AuditLog
from detnet.record.families import Family, Labels, replace

_UNITS = {"latency": ("seconds", 1e-3), "jitter": ("seconds", 1e-3), "loss": ("ratio", 1.0)}
"""Unit of each figure's metric, and what a figure of the core (ms, ratio) is multiplied by to get it."""

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
        wall_s: wall clock, for the time of the last decision.
    """

    def __init__(self, *, version: str, audit: AuditLog | None, wall_s: Callable[[], float] = time.time) -> None:
        disable_created_metrics()  # type: ignore[no-untyped-call] # a second series per counter that nothing here reads
        self.registry = CollectorRegistry()
        self._wall_s = wall_s
        self._last_at_s: float | None = None
        self._gauge("build_info", "Version of the controller; always 1.", "version").series(version).set(1)
        self._make_traffic()
        self._make_objectives()
        self._make_loop()
        if audit is not None:
            self.registry.register(_AuditCollector(audit))
        ProcessCollector(registry=self.registry)

    def record(self, decision: Decision, caps: Caps, *, duration_s: float) -> None:
        """Show one finished pass that took ``duration_s`` seconds."""
        self._record_traffic(decision)
        self._record_caps(caps)
        self._record_objectives(decision)
        self._decisions.series(decision.action.value, decision.mode.value).inc()
        replace(self._policy, {(decision.policy,): 1.0})
        replace(self._terms, {(term,): value for term, value in decision.terms.items()})
        self._duration.observe(duration_s)
        self._last_decision.set(self._wall_s())

    def _make_traffic(self) -> None:
        self._budget = self._single("budget_bits_per_second", "What all targets may send together.")
        self._wanted = self._gauge("wanted_cap_bits_per_second", "Cap decided on, in observe mode too.", "target")
        text = "Cap in force, as read back; +Inf without one, absent if it could not be read."
        self._in_force = self._gauge("cap_bits_per_second", text, "target")
        self._legacy_caps = Family(
            Gauge(
                "kubernetes_bandwidth_limit_mbps",
                "The cap in Mbit/s, under the name of the first controller's dashboards.",
                ("target",),
                registry=self.registry,
            )
        )
        self._sent = self._gauge("best_effort_bits_per_second", "What a target sends; absent if not counted.", "target")
        self._critical = self._single(
            "critical_bits_per_second", "The rest of the bottleneck's traffic; NaN if not counted."
        )
        self._writes = self._counter("cap_writes", "Caps set.", "target")
        self._write_errors = self._counter("cap_write_errors", "Caps that could not be set.", "target")

    def _make_objectives(self) -> None:
        self._figures: dict[str, Family[Gauge]] = {}
        self._limits: dict[str, Family[Gauge]] = {}
        for figure, (unit, _) in _UNITS.items():
            text = f"{figure.capitalize()} of the probes now, between its two bounds; absent while blind."
            self._figures[figure] = self._gauge(f"{figure}_{unit}", text, "workload", "bound")
            text = f"The most {figure} that was promised."
            self._limits[figure] = self._gauge(f"{figure}_objective_{unit}", text, "workload")
        self._age = self._gauge("signal_age_seconds", "Time since the newest evidence was sent.", "workload")
        self._verdict = self._gauge("verdict", "1 for the verdict that holds, else 0.", "workload", "figure", "verdict")
        self._violation = self._counter("violation_seconds", "Time with a breached objective.", "workload")
        self._blind = self._counter("blind_seconds", "Time without fresh evidence.", "workload")

    def _make_loop(self) -> None:
        self._decisions = self._counter("decisions", "Decisions made.", "action", "mode")
        # All at 0 from the start: the first cut must show in increase().
        self._decisions.keep([(action.value, mode.value) for action, mode in product(Action, Mode)])
        self._policy = self._gauge("policy_info", "Name of the policy in force; always 1.", "policy")
        self._terms = self._gauge("policy_term", "What the policy's last proposal was made from.", "term")
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

    def _record_traffic(self, decision: Decision) -> None:
        traffic = decision.traffic
        self._budget.set(decision.budget_bps)
        replace(self._sent, {(target,): bps for target, bps in traffic.target_bps.items()} if traffic else {})
        self._critical.set(traffic.other_bps if traffic else math.nan)

    def _record_caps(self, caps: Caps) -> None:
        in_force = caps.in_force or {}
        in_force_bps = {(target,): math.inf if cap is None else float(cap.bps) for target, cap in in_force.items()}
        replace(self._wanted, {(target,): float(cap.bps) for target, cap in caps.wanted.items()})
        replace(self._in_force, in_force_bps)
        replace(self._legacy_caps, {target: cap_bps / 1e6 for target, cap_bps in in_force_bps.items()})
        for family, names in ((self._writes, caps.written), (self._write_errors, caps.failed)):
            family.keep([(target,) for target in caps.wanted])
            for target in names:
                family.series(target).inc()

    def _record_objectives(self, decision: Decision) -> None:
        findings = decision.findings
        for figure, (_, scale) in _UNITS.items():
            mine = [finding for finding in findings if finding.figure == figure]
            replace(self._figures[figure], dict(_bounds(mine, scale)))
            replace(self._limits[figure], {(f.workload,): f.limit * scale for f in mine})
        replace(self._age, {(f.workload,): f.age_s for f in findings})
        states = {(f.workload, f.figure, v.value): float(f.verdict is v) for f in findings for v in Verdict}
        replace(self._verdict, states)
        elapsed_s = 0.0 if self._last_at_s is None else max(0.0, decision.at_s - self._last_at_s)
        self._last_at_s = decision.at_s
        for family, verdict in ((self._violation, Verdict.BREACHED), (self._blind, Verdict.BLIND)):
            family.keep([(workload,) for workload in decision.signals])
            for workload in {f.workload for f in findings if f.verdict is verdict}:
                family.series(workload).inc(elapsed_s)

    def _gauge(self, name: str, text: str, *labels: str) -> Family[Gauge]:
        return Family(Gauge(f"detnet_{name}", text, labels, registry=self.registry))

    def _single(self, name: str, text: str) -> Gauge:
        gauge = Gauge(f"detnet_{name}", text, registry=self.registry)
        gauge.set(math.nan)
        return gauge

    def _counter(self, name: str, text: str, *labels: str) -> Family[Counter]:
        return Family(Counter(f"detnet_{name}", text, labels, registry=self.registry))


def _bounds(findings: list[Finding], scale: float) -> Iterator[tuple[Labels, float]]:
    for finding in findings:
        if finding.value is not None and finding.verdict is not Verdict.BLIND:
            yield (finding.workload, "low"), finding.value.low * scale
            yield (finding.workload, "high"), finding.value.high * scale


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

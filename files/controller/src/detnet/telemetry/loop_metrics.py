"""The metrics of one control loop: each carries the name of its domain, its series come and go with what they show."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterator, Mapping
from itertools import product
from typing import Generic, TypeAlias, TypeVar

from prometheus_client import CollectorRegistry, Counter, Gauge

from detnet.control.decision import Action, Decision, Mode, Traffic
from detnet.model.objectives import Finding, Verdict
from detnet.model.rate import Rate

# Four scrapes of a kubelet, which are 15 s apart at most places.
_TRAFFIC_KEPT_S = 60.0

_Metric = TypeVar("_Metric", Counter, Gauge)
Labels: TypeAlias = tuple[str, ...]
_Labels = TypeVar("_Labels", bound=Labels)  # a mapping is invariant in its keys
_UNITS = {"latency": ("seconds", 1e-3), "jitter": ("seconds", 1e-3), "loss": ("ratio", 1.0)}
"""Unit of each figure's metric, and what a figure of the core (ms, ratio) is multiplied by to get it."""

_GAUGES: dict[str, tuple[str, Labels]] = {
    "detnet_budget_bits_per_second": ("What all targets may send together.", ()),
    "detnet_wanted_cap_bits_per_second": ("Cap decided on, in observe mode too.", ("target",)),
    "detnet_cap_bits_per_second": (
        "Cap in force, as read back; +Inf without one, absent if it could not be read.",
        ("target",),
    ),
    "kubernetes_bandwidth_limit_mbps": (
        "The cap in Mbit/s, under the name of the v1 controller's dashboards.",
        ("target",),
    ),
    "detnet_best_effort_bits_per_second": ("What a target sends; absent if not counted.", ("target",)),
    "detnet_critical_bits_per_second": ("The rest of the bottleneck's traffic; absent if not counted.", ()),
    "detnet_signal_age_seconds": ("Time since the newest evidence was sent.", ("workload",)),
    "detnet_verdict": ("1 for the verdict that holds, else 0.", ("workload", "figure", "verdict")),
    "detnet_policy_info": ("Name of the policy in force; always 1.", ("policy",)),
    "detnet_policy_term": ("What the policy's last proposal was made from.", ("term",)),
}
_COUNTERS: dict[str, tuple[str, Labels]] = {
    "detnet_cap_writes": ("Caps set.", ("target",)),
    "detnet_cap_write_errors": ("Caps that could not be set.", ("target",)),
    "detnet_pass_failures": ("Passes in which something could not be worked out; its caps were held.", ("kind",)),
    "detnet_violation_seconds": ("Time with a breached objective.", ("workload",)),
    "detnet_blind_seconds": ("Time without fresh evidence.", ("workload",)),
    "detnet_decisions": ("Decisions made.", ("action", "mode")),
}
for _figure, (_unit, _scale) in _UNITS.items():
    _GAUGES[f"detnet_{_figure}_{_unit}"] = (
        f"{_figure.capitalize()} of the probes now, between its two bounds; absent while blind.",
        ("workload", "bound"),
    )
    _GAUGES[f"detnet_{_figure}_objective_{_unit}"] = (f"The most {_figure} that was promised.", ("workload",))


class Family(Generic[_Metric]):
    """One domain's share of a metric: its series, looked up once, for ``labels()`` costs four times a cached series.

    ``first`` are the values of the leading labels that all of them share. Written from one thread only; scrapes may
    run meanwhile.
    """

    def __init__(self, metric: _Metric, *first: str) -> None:
        self._metric: _Metric = metric
        self._first = first
        self._series: dict[Labels, _Metric] = {}

    def series(self, *labels: str) -> _Metric:
        """Return the series with these label values; it exists, at 0, from now on."""
        if labels not in self._series:
            self._series[labels] = self._metric.labels(*self._first, *labels)
        return self._series[labels]

    def keep(self, labels: Collection[Labels]) -> None:
        """Remove every series but these, and create those that are missing."""
        for gone in self._series.keys() - set(labels):
            self._metric.remove(*self._first, *gone)
            del self._series[gone]
        for each in labels:
            self.series(*each)


def show(family: Family[Gauge], values: Mapping[_Labels, float]) -> None:
    """Make ``values`` the family's only series."""
    family.keep(values.keys())
    for labels, value in values.items():
        family.series(*labels).set(value)


class Definitions:
    """The metrics that every loop has a share of, registered once."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self.gauges = {
            name: Gauge(name, text, ("domain", *labels), registry=registry) for name, (text, labels) in _GAUGES.items()
        }
        self.counters = {
            name: Counter(name, text, ("domain", *labels), registry=registry)
            for name, (text, labels) in _COUNTERS.items()
        }


class LoopMetrics:
    """One domain's series."""

    def __init__(self, definitions: Definitions, domain: str) -> None:
        self._gauges = {name: Family(metric, domain) for name, metric in definitions.gauges.items()}
        self._counters = {name: Family(metric, domain) for name, metric in definitions.counters.items()}
        self._last_at_s: float | None = None
        self._traffic: Traffic | None = None
        self._traffic_at_s = -math.inf
        # All at 0 from the start: the first cut must show in increase().
        every = [(action.value, mode.value) for action, mode in product(Action, Mode)]
        self._counters["detnet_decisions"].keep(every)
        self._counters["detnet_pass_failures"].keep([("domain",)])

    def failed(self, kind: str) -> None:
        """Count a pass in which something of that ``kind`` could not be worked out."""
        self._counters["detnet_pass_failures"].series(kind).inc()

    def decided(self, decision: Decision) -> None:
        """Show a decision and what it was made from."""
        # Counters that are scraped stand still in between, for which there is no figure rather than an old one.
        if decision.traffic or decision.at_s - self._traffic_at_s > _TRAFFIC_KEPT_S:
            self._traffic, self._traffic_at_s = decision.traffic, decision.at_s
        traffic = self._traffic
        self._show("detnet_budget_bits_per_second", {(): float(decision.budget_bps)})
        sent = {(target,): bps for target, bps in traffic.target_bps.items()} if traffic else {}
        self._show("detnet_best_effort_bits_per_second", sent)
        self._show("detnet_critical_bits_per_second", {(): traffic.other_bps} if traffic else {})
        self._show("detnet_policy_info", {(decision.policy,): 1.0})
        self._show("detnet_policy_term", {(term,): value for term, value in decision.terms.items()})
        self._counters["detnet_decisions"].series(decision.action.value, decision.mode.value).inc()
        self._judged(decision)

    def capped(
        self,
        wanted: Mapping[str, Rate],
        in_force: Mapping[str, Rate | None] | None,
        *,
        written: Collection[str],
        failed: Collection[str],
    ) -> None:
        """Show what became of the caps; the arguments are those of ``detnet.telemetry.metrics.Caps``."""
        in_force_bps = {(t,): math.inf if cap is None else float(cap.bps) for t, cap in (in_force or {}).items()}
        self._show("detnet_wanted_cap_bits_per_second", {(t,): float(cap.bps) for t, cap in wanted.items()})
        self._show("detnet_cap_bits_per_second", in_force_bps)
        legacy = {target: cap_bps / 1e6 for target, cap_bps in in_force_bps.items()}
        self._show("kubernetes_bandwidth_limit_mbps", legacy)
        for name, targets in (("detnet_cap_writes", written), ("detnet_cap_write_errors", failed)):
            family = self._counters[name]
            family.keep([(target,) for target in wanted])
            for target in targets:
                family.series(target).inc()

    def close(self) -> None:
        """Remove every series."""
        for gauges in self._gauges.values():
            gauges.keep(())
        for counters in self._counters.values():
            counters.keep(())

    def _judged(self, decision: Decision) -> None:
        findings = decision.findings
        for figure, (unit, scale) in _UNITS.items():
            mine = [finding for finding in findings if finding.figure == figure]
            self._show(f"detnet_{figure}_{unit}", dict(_bounds(mine, scale)))
            limits = {(f.workload,): f.limit * scale for f in mine}
            self._show(f"detnet_{figure}_objective_{unit}", limits)
        self._show("detnet_signal_age_seconds", {(f.workload,): f.age_s for f in findings})
        states = {(f.workload, f.figure, v.value): float(f.verdict is v) for f in findings for v in Verdict}
        self._show("detnet_verdict", states)
        elapsed_s = 0.0 if self._last_at_s is None else max(0.0, decision.at_s - self._last_at_s)
        self._last_at_s = decision.at_s
        for name, verdict in (("detnet_violation_seconds", Verdict.BREACHED), ("detnet_blind_seconds", Verdict.BLIND)):
            family = self._counters[name]
            family.keep([(workload,) for workload in decision.signals])
            for workload in {f.workload for f in findings if f.verdict is verdict}:
                family.series(workload).inc(elapsed_s)

    def _show(self, name: str, values: Mapping[_Labels, float]) -> None:
        show(self._gauges[name], values)


def _bounds(findings: list[Finding], scale: float) -> Iterator[tuple[Labels, float]]:
    for finding in findings:
        if finding.value is not None and finding.verdict is not Verdict.BLIND:
            yield (finding.workload, "low"), finding.value.low * scale
            yield (finding.workload, "high"), finding.value.high * scale

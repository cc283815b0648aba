"""The metrics of a cluster: leadership, writes to the API server, and caps that are not enforced."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Protocol

from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.caps.writer import WriteStatistics
from detnet.kubernetes.objects.workloads import Ref


class CapReconciler(Protocol):
    """What is asked at each scrape."""

    def figures(self) -> WriteStatistics:
        """Return the writer's counters."""

    def not_enforced(self) -> Mapping[Ref, str]:
        """Return the workloads whose caps have no effect."""

    def proved(self) -> Mapping[Proof, int] | None:
        """Return how many caps are in each state; ``None`` where nothing could prove them."""

    def uncapped(self) -> Mapping[str, int]:
        """Return how many pods of targets have no cap of ours, by reason."""


class LeaderElected(Protocol):
    """The cluster and this replica's part in it."""

    @property
    def leading(self) -> bool:
        """Whether this replica may write."""

    @property
    def cluster(self) -> CapReconciler:
        """What is written to."""

    @property
    def event_recorder(self) -> EventRecorder | None:
        """What writes Events, if anything."""


class EventRecorder(Protocol):
    """What writes Events and statuses."""

    written_total: int
    failures_total: int
    lost_total: int


class ClusterCollector(Collector):
    """Reads the counts at each scrape, so that they are kept in one place."""

    def __init__(self, elected: LeaderElected) -> None:
        self._elected = elected

    def collect(self) -> Iterator[Metric]:
        """Yield the figures."""
        figures = self._elected.cluster.figures()
        yield GaugeMetricFamily(
            "detnet_leader", "1 while this replica may write, else 0.", float(self._elected.leading)
        )
        yield GaugeMetricFamily("detnet_writes_waiting", "Objects that wait for a write.", figures.waiting)
        yield GaugeMetricFamily("detnet_writes_in_flight", "Writes under way.", figures.in_flight)
        yield GaugeMetricFamily(
            "detnet_oldest_cut_waiting_seconds",
            "How long the oldest cut has waited to be written.",
            figures.oldest_cut_s,
        )
        for name, text, count in (
            ("detnet_api_writes", "Objects patched.", figures.written),
            ("detnet_api_write_failures", "Patches that failed.", figures.failed),
            ("detnet_api_write_retries", "Patches tried again.", figures.retried),
        ):
            yield CounterMetricFamily(name, text, count)
        violating = GaugeMetricFamily(
            "detnet_cap_not_enforced", "1 for a target that sends more than its cap allows.", labels=["target"]
        )
        for ref in self._elected.cluster.not_enforced():
            violating.add_metric([str(ref)], 1.0)
        yield violating
        proved = GaugeMetricFamily(
            "detnet_capped_pods",
            "Capped pods by what their bytes say of the cap: proved, unproved, disproved; none without counters.",
            labels=["proof"],
        )
        for proof, count in (self._elected.cluster.proved() or {}).items():
            proved.add_metric([proof.name.lower()], count)
        yield proved
        uncapped = GaugeMetricFamily(
            "detnet_uncapped_pods", "Pods of targets that send without a cap of ours, by reason.", labels=["reason"]
        )
        for reason, count in self._elected.cluster.uncapped().items():
            uncapped.add_metric([reason], count)
        yield uncapped
        event_recorder = self._elected.event_recorder
        if event_recorder is not None:
            for name, text, count in (
                ("detnet_event_writes", "Events and statuses written.", event_recorder.written_total),
                (
                    "detnet_event_write_failures",
                    "Events and statuses that could not be written.",
                    event_recorder.failures_total,
                ),
                ("detnet_events_dropped", "Events dropped because too many waited.", event_recorder.lost_total),
            ):
                yield CounterMetricFamily(name, text, count)

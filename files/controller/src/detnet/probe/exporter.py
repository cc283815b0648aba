"""The metrics of the probe and the reflector."""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence

from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from detnet.probe.paths import Path
from detnet.probe.reflector import Reflector
from detnet.probe.tally import Counter, SharedCounters

# Edges at 1, 2 and 10 ms, where objectives lie, and close enough around them to see a drift towards them.
BUCKETS_S = (
    0.0001, 0.0002, 0.0003, 0.0005, 0.00075, 0.001, 0.0015, 0.002, 0.003, 0.004, 0.005, 0.0075, 0.01, 0.02, 0.05, 0.1,
    0.5,
)  # fmt: skip

_LABELS = ("path", "protocol")
_COUNTERS = {
    Counter.SENT: ("sent", "Probes that were due and sent, or could not be sent because the path is down."),
    Counter.RECEIVED: ("received", "Probes answered in time."),
    Counter.LOST: ("lost", "Probes not answered in time, and probes that could not be sent."),
    Counter.LATE: ("late", "Answers that came after their probe was counted as lost."),
    Counter.DUPLICATE: ("duplicate", "Further answers to an answered probe: copies or replays."),
    Counter.UNSOLICITED: ("unsolicited", "Answers from a wrong peer, or to no probe that we sent."),
    Counter.MALFORMED: ("malformed", "Packets that are no STAMP answer."),
    Counter.CLOCK_STEP: ("clock_step", "Round trips discarded because a wall clock was set meanwhile."),
    Counter.INVALIDATED: ("invalidated", "Probes discarded because this machine was late in sending."),
    Counter.INVALIDATED_WINDOWS: (
        "invalidated_windows",
        "Seconds in which the p95 of send lateness exceeded the limit.",
    ),
    Counter.LINK_FAILURES: ("link_failures", "Failures to resolve, connect, send or hear from the reflector."),
    Counter.SAME_HOST: ("same_host", "Answers of a reflector on this host, which say nothing of a network."),
    Counter.DROPPED: ("dropped", "Samples dropped because the exporting process was held up."),
}


class ProbeMetrics(Collector):
    """A registry of its own with every path's histogram, counters and freshness."""

    def __init__(self, paths: Sequence[Path], tallies: Sequence[SharedCounters]) -> None:
        self._labelled = [((path.name, path.protocol), tally) for path, tally in zip(paths, tallies, strict=True)]
        self._newest_s: dict[int, float] = {}
        self.registry = CollectorRegistry()
        histogram = Histogram(
            "detnet_probe_rtt_seconds",
            "Round-trip time of probes without the reflector's residence.",
            _LABELS,
            buckets=BUCKETS_S,
            registry=self.registry,
        )
        self._histograms = [histogram.labels(*labels) for labels, _ in self._labelled]
        self.registry.register(self)

    def observe(self, index: int, sent_at_s: float, rtt_ms: float | None) -> None:
        """Count one sample of the path ``index``; a lost one only renews the freshness."""
        self._newest_s[index] = sent_at_s
        if rtt_ms is not None:
            self._histograms[index].observe(rtt_ms / 1e3)

    def collect(self) -> Iterable[Metric]:
        """Read every path's tally and age (called by the registry at each scrape)."""
        for figure, (name, text) in _COUNTERS.items():
            counter = CounterMetricFamily(f"detnet_probe_{name}", text, labels=_LABELS)
            for labels, tally in self._labelled:
                counter.add_metric(labels, tally[figure])
            yield counter
        age = GaugeMetricFamily(
            "detnet_probe_last_sample_age_seconds", "Time since the newest usable sample was sent.", labels=_LABELS
        )
        now_s = time.monotonic()
        for index, newest_s in list(self._newest_s.items()):
            age.add_metric(self._labelled[index][0], now_s - newest_s)
        yield age


class ReflectorMetrics(Collector):
    """A registry of its own with the reflector's counters."""

    def __init__(self, reflector: Reflector) -> None:
        self._reflector = reflector
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def collect(self) -> Iterable[Metric]:
        """Read the counters (called by the registry at each scrape)."""
        packets = CounterMetricFamily(
            "detnet_reflector_packets",
            "Packets by what became of them: each one received is reflected, malformed or unsent.",
            labels=("protocol", "event"),
        )
        for protocol in self._reflector.endpoints:
            for event in ("received", "reflected", "malformed", "unsent"):
                packets.add_metric((protocol, event), self._reflector.counts[protocol, event])
        yield packets
        connections = GaugeMetricFamily("detnet_reflector_connections", "TCP connections kept.")
        connections.add_metric((), self._reflector.connections)
        yield connections

"""The sensors of the compared policies, each as its authors published it, and one that works.

A sensor is separate from its policy, so that one can see which of the two is at fault.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Protocol

from detnet.control.windows import percentile
from detnet_lab.simulator.simulated_domain import SimulatedDomain

_HTTP_BUCKETS_MS = (5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10_000.0)
_SERVER_MS = 1.0
_FRESH_S = 1.5


@dataclass(frozen=True, slots=True)
class SensorReading:
    """What a sensor says: the spread of the delay and its p95, in ms, and the share lost."""

    jitter_ms: float
    latency_ms: float
    loss_ratio: float = 0.0


class Sensor(Protocol):
    """Reads a domain; ``None`` means that it knows nothing."""

    def read(self, domain: SimulatedDomain) -> SensorReading | None:
        """Return the reading of now."""


class Blind:
    """No data, ever: the metric that v1 asked for does not exist, and its code then assumed 0.5 ms."""

    def read(self, domain: SimulatedDomain) -> SensorReading | None:
        """Return what v1 assumed."""
        return SensorReading(0.5, 0.5)


class Fresh:
    """The probe's own samples of the last second: the sensor that every policy should have had."""

    def __init__(self, window_s: float = 1.0) -> None:
        self._window_s = window_s
        self._base_ms = float("inf")

    def read(self, domain: SimulatedDomain) -> SensorReading | None:
        """Return PDV and latency p95 and the loss; silence of the source is no figure."""
        samples = domain.samples_since(self._window_s)
        if not samples or domain.clock() - samples[-1].sent_at_s > _FRESH_S:
            return None
        delays = sorted(sample.rtt_ms for sample in samples if sample.rtt_ms is not None)
        loss = 1.0 - len(delays) / len(samples)
        if not delays:
            return SensorReading(1e3, 1e3, loss)
        self._base_ms = min(self._base_ms, delays[0])
        p95_ms = percentile(delays, 0.95)
        return SensorReading(p95_ms - self._base_ms, p95_ms, loss)


class Scraped:
    """The same reading over a minute, as Prometheus has them: renewed every 15 s."""

    def __init__(self, window_s: float = 60.0, scrape_s: float = 15.0) -> None:
        self._sensor = Fresh(window_s)
        self._scrape_s = scrape_s
        self._scraped_s = -scrape_s
        self._figures: SensorReading | None = None

    def read(self, domain: SimulatedDomain) -> SensorReading | None:
        """Return the reading of the last scrape."""
        if domain.now_s >= self._scraped_s + self._scrape_s - 1e-9:
            self._scraped_s = domain.now_s
            self._figures = self._sensor.read(domain)
        return self._figures


class Hubble:
    """IQR and p95 of Hubble's HTTP histogram over a minute, interpolated in buckets of which the first ends at 5 ms.

    With every request below 5 ms the IQR is 2.5 ms whatever happens.
    """

    def __init__(self, window_s: float = 60.0, scrape_s: float = 15.0) -> None:
        self._window_s = window_s
        self._scrape_s = scrape_s
        self._scraped_s = -scrape_s
        self._figures: SensorReading | None = None

    def read(self, domain: SimulatedDomain) -> SensorReading | None:
        """Return the reading of the last scrape, ``None`` when no request was inputs in its minute."""
        if domain.now_s >= self._scraped_s + self._scrape_s - 1e-9:
            self._scraped_s = domain.now_s
            times = [_SERVER_MS + s.rtt_ms for s in domain.samples_since(self._window_s) if s.rtt_ms is not None]
            self._figures = None
            if times:
                q25, q75, q95 = (histogram_quantile(times, share) for share in (0.25, 0.75, 0.95))
                self._figures = SensorReading(q75 - q25, q95)
        return self._figures


class MeansOfTen:
    """v5: the mean of ten round trips every two seconds, and the IQR of the last twenty such means.

    A probe that fails leaves the last mean in place: a dead path looks perfectly stable.
    """

    def __init__(self) -> None:
        self._means: deque[float] = deque(maxlen=20)
        self._last_ms = 1.0

    def read(self, domain: SimulatedDomain) -> SensorReading | None:
        """Take one more mean and return the spread of them."""
        recent = [s.rtt_ms for s in domain.samples_since(2.0)[-10:] if s.rtt_ms is not None]
        if recent:
            self._last_ms = fmean(recent)
        self._means.append(self._last_ms)
        ordered = sorted(self._means)
        return SensorReading(percentile(ordered, 0.75) - percentile(ordered, 0.25), percentile(ordered, 0.95))


def histogram_quantile(values_ms: Sequence[float], share: float) -> float:
    """Return PromQL's ``histogram_quantile`` of Hubble's buckets: linear inside a bucket, from 0 in the first.

    Source: prometheus.io/docs/prometheus/latest/querying/functions/#histogram_quantile.
    """
    rank, below, low_ms = share * len(values_ms), 0, 0.0
    for high_ms in _HTTP_BUCKETS_MS:
        inside = sum(low_ms < value <= high_ms for value in values_ms)
        if below + inside >= rank:
            return low_ms + (high_ms - low_ms) * (rank - below) / inside
        below, low_ms = below + inside, high_ms
    return low_ms

"""What a histogram knows: between which two bucket edges a figure lies, and nothing more.

Prometheus' ``histogram_quantile`` draws a straight line through the bucket. With Hubble's first edge at 5 ms that
makes an interquartile range of 2.5 ms out of any traffic below it, whatever the network does. We answer the bucket.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..model.signals import Interval
from .errors import ErrorKind, SourceError


@dataclass(frozen=True, slots=True)
class Histogram:
    """Cumulative counts at rising upper edges in ms, the last edge infinite; ``counts`` may be fractions."""

    edges_ms: tuple[float, ...]
    counts: tuple[float, ...]

    @classmethod
    def of(cls, buckets: Mapping[str, float]) -> Histogram:
        """Return the histogram of Prometheus' ``le`` labels (seconds) and their increases.

        Raises:
            SourceError: no +Inf bucket, an edge that is no delay, or counts that fall from one edge to the next.
        """
        try:
            pairs = sorted((round(float(le) * 1000.0, 9), count) for le, count in buckets.items())
        except ValueError as error:
            raise SourceError(
                ErrorKind.INVALID_ANSWER, "a bucket's le label is no number: correct the exporter"
            ) from error
        if not pairs or pairs[-1][0] != math.inf:
            sentence = 'the histogram has no +Inf bucket, so its total is unknown: do not drop le="+Inf" when scraping'
            raise SourceError(ErrorKind.NO_INF_BUCKET, sentence)
        edges, counts = zip(*pairs, strict=True)
        if math.isnan(sum(edges)) or edges[0] < 0.0:
            raise SourceError(ErrorKind.INVALID_ANSWER, "a bucket's edge is no delay: correct the exporter")
        if len(set(edges)) < len(edges):  # "1" beside "1.0"
            sentence = (
                "the histogram has one edge as two le texts, such as 1 and 1.0: narrow the selector to one exporter; "
                "after an upgrade to Prometheus 3 this passes in ten minutes"
            )
            raise SourceError(ErrorKind.NOT_CUMULATIVE, sentence)
        # increase() extrapolates, so equal counts may differ in the last bits.
        if any(after < before * (1.0 - 1e-9) for before, after in itertools.pairwise(counts)):
            sentence = "the buckets' counts fall with rising edges: the selector mixes histograms with different edges"
            raise SourceError(ErrorKind.NOT_CUMULATIVE, sentence)
        return cls(edges, counts)

    @property
    def total(self) -> float:
        """How many observations there are."""
        return self.counts[-1]

    def percentile(self, share: float) -> Interval | None:
        """Return the bucket of the empirical percentile (RFC 2330 section 11.3), in ms; ``None`` without observations.

        A bucket does not hold its lower edge (``le`` is "less or equal"), so the interval begins just above it: p95 in
        the bucket above an objective of exactly 5 ms *is* over 5 ms.
        """
        if self.total <= 0.0:
            return None
        rank = share * self.total * (1.0 - 1e-9)
        return self._bucket(next(i for i, count in enumerate(self.counts) if count >= rank))

    def least(self) -> Interval | None:
        """Return the bucket of the smallest observation, in ms."""
        return next((self._bucket(i) for i, count in enumerate(self.counts) if count > 0.0), None)

    def _bucket(self, index: int) -> Interval:
        below_ms = self.edges_ms[index - 1] if index else None
        return Interval(0.0 if below_ms is None else math.nextafter(below_ms, math.inf), self.edges_ms[index])


def variation(percentile: Interval, base: Interval) -> Interval:
    """Return the packet delay variation (RFC 5481 section 4.2) of a delay over a base delay, both known to a bucket.

    In one and the same bucket it can be anything from 0 to the bucket's width: the answer is that interval.
    """
    high = math.inf if math.isinf(percentile.high) else max(0.0, percentile.high - base.low)
    low = 0.0 if math.isinf(base.high) else max(0.0, percentile.low - base.high)
    return Interval(min(low, high), high)

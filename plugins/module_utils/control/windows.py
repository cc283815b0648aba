"""Windows: from samples to the figures of one path.

Percentiles are empirical: the smallest value that at least the wanted share of the window does not exceed (RFC 2330
section 11.3), so that a figure is always a delay that some packet really had.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from operator import attrgetter

from ..model.samples import Sample
from ..model.signals import Interval, Signal, Statistics

_BASE_SLOT_S = 60.0
_BASE_SLOTS = 10
_LEAST_NEWEST = 5
_SENT = attrgetter("sent_at_s")


def percentile(values: Sequence[float], share: float) -> float:
    """Return the empirical percentile of sorted ``values`` for ``share`` in (0, 1] (RFC 2330 section 11.3).

    Raises:
        ValueError: no values, or a share outside (0, 1].
    """
    if not values or not 0.0 < share <= 1.0:
        raise ValueError(f"no percentile {share} of {len(values)} values")
    # The subtraction keeps 0.95 * 20 = 19.000000000000004 from asking for the 20th value.
    return values[max(0, math.ceil(share * len(values) - 1e-9) - 1)]


def p95(values: Sequence[float]) -> Interval:
    """Return the 95th percentile of sorted ``values``, as far as they can tell it.

    The largest of fewer than 20 stands for more than 5 % of them, so the percentile lies between the largest two: a
    single late packet is not known to be a tail.
    """
    return Interval(min(percentile(values, 0.95), values[-2:][0]), percentile(values, 0.95))


def pdv(delays_ms: Sequence[float], base_ms: float) -> list[float]:
    """Return the packet delay variation: each delay over the base delay, in ms (RFC 5481 section 4.2)."""
    return [max(0.0, delay - base_ms) for delay in delays_ms]


def ipdv(delays_ms: Sequence[float]) -> list[float]:
    """Return the signed differences of neighbouring delays, in ms, in sending order (RFC 3393 section 4.5)."""
    return [after - before for before, after in pairwise(delays_ms)]


def interarrival_jitter(delays_ms: Sequence[float]) -> float:
    """Return the interarrival jitter J += (|D| - J)/16 over the window, in ms (RFC 3550 section 6.4.1)."""
    jitter = 0.0
    for difference in ipdv(delays_ms):
        jitter += (abs(difference) - jitter) / 16.0
    return jitter


@dataclass(frozen=True, slots=True)
class BaseDelay:
    """The delay of the uncongested path: the least seen in the last ten minutes, kept as one minimum a minute.

    A minimum that never expires would hold a path to the delay of a route it no longer has (the base history of
    RFC 6817 section 4.2, with its one-minute slots).
    """

    minima: tuple[tuple[float, float], ...] = field(default=())

    @property
    def ms(self) -> float | None:
        """The base delay in ms, or ``None`` before the first reply."""
        return min((least for _slot_s, least in self.minima), default=None)

    def shifted(self, by_s: float) -> BaseDelay:
        """Return the same minima on a clock that stepped by ``by_s`` seconds."""
        return BaseDelay(tuple((start_s + by_s, least_ms) for start_s, least_ms in self.minima))

    def after(self, samples: Iterable[Sample], now_s: float) -> BaseDelay:
        """Return the history with these samples in it and everything older than ten minutes gone."""
        slot_s = math.floor(now_s / _BASE_SLOT_S) * _BASE_SLOT_S
        minima = {start: least for start, least in self.minima if start > slot_s - _BASE_SLOTS * _BASE_SLOT_S}
        delays = [s.rtt_ms for s in samples if usable(s, now_s) and s.rtt_ms is not None]
        if delays:
            minima[slot_s] = min(*delays, minima.get(slot_s, math.inf))
        return BaseDelay(tuple(sorted(minima.items())))


def summarise(
    samples: Iterable[Sample], *, now_s: float, span_s: float, base_ms: float | None, since_s: float = -math.inf
) -> Signal | None:
    """Return the signal of the samples sent in the last ``span_s`` seconds and not before ``since_s``.

    A sample from the future or with a delay that is no number is no evidence. ``None`` means that nothing was left,
    which is missing data; a window whose every packet was lost is a signal with ``loss_ratio`` 1.
    """
    first_s = max(now_s - span_s, since_s)
    window = sorted((s for s in samples if s.sent_at_s >= first_s and usable(s, now_s)), key=_SENT)
    if not window:
        return None
    delays = [s.rtt_ms for s in window if s.rtt_ms is not None]
    ordered = sorted(delays)
    variation = pdv(ordered, base_ms) if base_ms is not None else []
    return Signal(
        measured_at_s=window[-1].sent_at_s,
        span_s=span_s,
        sent=len(window),
        latency_ms=p95(ordered) if ordered else None,
        jitter_ms=p95(variation) if variation else None,
        loss_ratio=(len(window) - len(delays)) / len(window),  # 1 - 99/100 would be more than 1/100
        base_ms=base_ms,
        standing_ms=None if base_ms is None else _standing_ms(window[-max(_LEAST_NEWEST, len(window) // 4) :], base_ms),
        statistics=_statistics(delays, ordered),
    )


def usable(sample: Sample, now_s: float) -> bool:
    """Return whether a sample is evidence: sent by now, and lost or with a delay that is a number."""
    if not -math.inf < sample.sent_at_s <= now_s:
        return False
    return sample.rtt_ms is None or 0.0 <= sample.rtt_ms < math.inf


def _standing_ms(newest: Sequence[Sample], base_ms: float) -> float:
    delays = sorted(math.inf if s.rtt_ms is None else s.rtt_ms for s in newest)
    return max(0.0, percentile(delays, 0.5) - base_ms)


def _statistics(delays: Sequence[float], ordered: Sequence[float]) -> Statistics:
    neighbours = sorted(abs(difference) for difference in ipdv(delays))
    return Statistics(
        p50_ms=percentile(ordered, 0.5) if ordered else None,
        p99_ms=percentile(ordered, 0.99) if ordered else None,
        ipdv_p95_ms=percentile(neighbours, 0.95) if neighbours else None,
        jitter_ms=interarrival_jitter(delays) if neighbours else None,
        iqr_ms=percentile(ordered, 0.75) - percentile(ordered, 0.25) if ordered else None,
    )

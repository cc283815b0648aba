"""Signals: what one source knows about one critical workload at one time.

A probe knows its figures exactly; a histogram knows them only up to the width of a bucket. Both become a ``Signal``,
whose figures are intervals, so that an objective inside a bucket is answered with "unresolved" and never with an
interpolated number.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Interval:
    """A figure known to lie in ``[low, high]``; an exact figure has ``low == high``. ``high`` may be ``math.inf``."""

    low: float
    high: float

    def __post_init__(self) -> None:
        """Refuse what is not an interval.

        Raises:
            ValueError: a bound is NaN, ``low`` is infinite, or the bounds are in the wrong order.
        """
        if math.isnan(self.low) or math.isnan(self.high) or math.isinf(self.low) or self.low > self.high:
            raise ValueError(f"[{self.low}, {self.high}] is not an interval of finite low bound")

    @classmethod
    def exactly(cls, value: float) -> Interval:
        """Return the interval that holds ``value`` alone."""
        return cls(value, value)


@dataclass(frozen=True, slots=True)
class Statistics:
    """The figures of one window that are recorded and shown, but not compared with an objective; all in ms.

    ``ipdv_p95_ms`` is RFC 3393's absolute delay variation between neighbours, ``jitter_ms`` RFC 3550's interarrival
    jitter, ``iqr_ms`` the interquartile range (kept for continuity with the v1 controller; it hides a standing
    queue). ``None`` means that the window holds too few replies for the figure.
    """

    p50_ms: float | None
    p99_ms: float | None
    ipdv_p95_ms: float | None
    jitter_ms: float | None
    iqr_ms: float | None


@dataclass(frozen=True, slots=True)
class Signal:
    """The state of one critical workload's path over one window.

    ``measured_at_s`` is monotonic time, in seconds, of the newest evidence (a reply or a detected loss) and
    ``span_s`` the length of the window. ``latency_ms`` is the p95 round-trip time; ``jitter_ms`` is the p95 packet
    delay variation of RFC 5481 (delay over the uncongested base delay ``base_ms``); ``loss_ratio`` lies in [0, 1].
    A figure that the source does not measure is ``None``: it can then neither breach nor confirm an objective.
    ``sent`` counts the probes behind the figures. ``standing_ms`` is the median delay over the base delay of the newest
    quarter of the window, infinite when most of it was lost: a standing queue moves it, a busy host's tail does not.
    """

    measured_at_s: float
    span_s: float
    sent: int
    latency_ms: Interval | None
    jitter_ms: Interval | None
    loss_ratio: float | None
    base_ms: float | None = None
    standing_ms: float | None = None
    statistics: Statistics | None = None

    def __post_init__(self) -> None:
        """Refuse a loss that is no share: a NaN would pass every comparison with a limit as neither breached nor met.

        Raises:
            ValueError: ``loss_ratio`` is NaN or outside [0, 1].
        """
        if self.loss_ratio is not None and not 0.0 <= self.loss_ratio <= 1.0:
            raise ValueError(f"a loss ratio lies in [0, 1], and {self.loss_ratio} does not")

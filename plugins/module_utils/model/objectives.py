"""Objectives: what each critical workload was promised, and what a signal says about it."""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

from .signals import Interval, Signal


class Verdict(enum.Enum):
    """What the evidence says about one figure of one objective."""

    MET = "met"
    BREACHED = "breached"
    UNRESOLVED = "unresolved"  # fresh, but it cannot tell: not measured, or the limit lies inside a bucket
    BLIND = "blind"  # no evidence, or none that is fresh


class Priority(enum.Enum):
    """How far an objective may push best effort down."""

    CRITICAL = "critical"  # to its minimum
    IMPORTANT = "important"  # to the safe budget


@dataclass(frozen=True, slots=True)
class Objective:
    """The promise to one critical workload; a limit of ``None`` promises nothing about that figure.

    ``latency_ms`` bounds the p95 round-trip time, ``jitter_ms`` the p95 packet delay variation (RFC 5481: delay over
    the uncongested path) and ``loss_ratio`` the share of lost probes, in [0, 1].
    """

    workload: str
    latency_ms: float | None = None
    jitter_ms: float | None = None
    loss_ratio: float | None = None
    priority: Priority = Priority.CRITICAL

    def __post_init__(self) -> None:
        """Refuse a promise that nothing could keep or break.

        Raises:
            ValueError: no limit at all, or one that is not a positive finite number (loss: not in [0, 1)).
        """
        limits = [limit for limit in (self.latency_ms, self.jitter_ms) if limit is not None]
        if not limits and self.loss_ratio is None:
            raise ValueError(f"the objective of {self.workload} has no limit: set latency, jitter or loss")
        if any(not math.isfinite(limit) or limit <= 0.0 for limit in limits):
            raise ValueError(f"the limits of {self.workload} must be positive numbers of milliseconds")
        if self.loss_ratio is not None and not 0.0 <= self.loss_ratio < 1.0:
            raise ValueError(f"the loss limit of {self.workload} must lie between 0 % and 100 %")


@dataclass(frozen=True, slots=True)
class Finding:
    """One figure held against its limit. ``figure`` is latency or jitter (ms) or loss (ratio).

    ``age_s`` is how long ago the newest evidence was sent, infinite when there never was any.
    """

    workload: str
    figure: str
    value: Interval | None
    limit: float
    verdict: Verdict
    age_s: float
    priority: Priority = Priority.CRITICAL

    @property
    def stress(self) -> float | None:
        """The figure as a multiple of its limit, at the worst that the evidence allows."""
        if self.value is None:
            return None
        # A limit of zero loss has no multiples: any loss counts as twice the limit.
        return self.value.high / self.limit if self.limit > 0.0 else 2.0 * (self.value.high > 0.0)

    def __str__(self) -> str:
        if self.figure == "loss":
            return f"{self.workload} loss {_figure(self.value, 100.0)} % against {100.0 * self.limit:g} %"
        return f"{self.workload} {self.figure} {_figure(self.value)} ms against {self.limit:g} ms"


def judge(objective: Objective, signal: Signal | None, *, age_s: float, fresh_for_s: float) -> tuple[Finding, ...]:
    """Hold a signal against an objective: one finding for each limit.

    ``age_s`` is the age of the newest evidence of the workload, which may be older than the window of ``signal``.

    A window in which nothing came back is a breach whatever limits were set: silence from a path that is being probed
    is the worst delay there is, and never missing data.
    """
    limits = [
        ("latency", objective.latency_ms, signal.latency_ms if signal else None),
        ("jitter", objective.jitter_ms, signal.jitter_ms if signal else None),
    ]
    loss = signal.loss_ratio if signal else None
    all_lost = loss is not None and loss >= 1.0
    if objective.loss_ratio is not None or all_lost:
        limit = objective.loss_ratio if objective.loss_ratio is not None else 0.0
        limits.append(("loss", limit, None if loss is None else Interval.exactly(loss)))
    return tuple(
        Finding(
            objective.workload,
            figure,
            value,
            limit,
            _verdict(value, limit, stale=age_s > fresh_for_s),
            age_s,
            objective.priority,
        )
        for figure, limit, value in limits
        if limit is not None and not (all_lost and value is None)
    )


def _verdict(value: Interval | None, limit: float, *, stale: bool) -> Verdict:
    if stale:
        return Verdict.BLIND
    if value is None:
        return Verdict.UNRESOLVED
    if value.low > limit:
        return Verdict.BREACHED
    return Verdict.MET if value.high <= limit else Verdict.UNRESOLVED


def _figure(value: Interval | None, scale: float = 1.0) -> str:
    if value is None:
        return "unknown"
    if value.low == value.high:
        return f"{scale * value.low:.3g}"
    return f"between {scale * value.low:.3g} and {scale * value.high:.3g}"

"""Paired comparison: means with bootstrap intervals, standard library only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random
from statistics import fmean

_RESAMPLES = 1000
_CONFIDENCE = 0.95


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float

    def __str__(self) -> str:
        return f"{self.mean:.4g} [{self.low:.4g}, {self.high:.4g}]"


def estimate(values: Sequence[float], *, resamples: int = _RESAMPLES) -> Estimate:
    """Return the mean with its percentile bootstrap interval (Efron and Tibshirani 1993, section 13.3).

    The resampling is seeded: the same values give the same interval.
    """
    mean = fmean(values)
    if min(values) == max(values):
        return Estimate(mean, mean, mean)
    random = Random(f"bootstrap {len(values)}")  # noqa: S311 - repeatable, not secret
    means = sorted(fmean(random.choices(values, k=len(values))) for _ in range(resamples))
    tail = (1.0 - _CONFIDENCE) / 2.0
    return Estimate(mean, means[int(tail * resamples)], means[min(resamples - 1, int((1.0 - tail) * resamples))])


def difference(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """Return the mean paired difference ``one - other``; the pairs share seed and plant.

    Raises:
        ValueError: the sequences differ in length, so they are no pairs.
    """
    return estimate([a - b for a, b in zip(one, other, strict=True)])

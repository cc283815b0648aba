"""Means with their 95 % intervals: bootstrapped, of paired differences, combined, and as text."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
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


def estimate(values: Sequence[float], *, resamples: int = _RESAMPLES) -> Estimate:
    """Return the mean with its percentile bootstrap interval (Efron and Tibshirani 1993, section 13.3).

    The resampling is seeded: the same values give the same interval.
    """
    centre = fmean(values)
    if min(values) == max(values):
        return Estimate(centre, centre, centre)
    random = Random(f"bootstrap {len(values)}")  # noqa: S311 - repeatable, not secret
    means = sorted(fmean(random.choices(values, k=len(values))) for _ in range(resamples))
    tail = (1.0 - _CONFIDENCE) / 2.0
    return Estimate(centre, means[int(tail * resamples)], means[min(resamples - 1, int((1.0 - tail) * resamples))])


def difference(one: Sequence[float], other: Sequence[float]) -> Estimate:
    """Return the mean paired difference ``one - other``; the pairs share seed and plant.

    Raises:
        ValueError: the sequences differ in length, so they are no pairs.
    """
    return estimate([a - b for a, b in zip(one, other, strict=True)])


def mean(estimates: Iterable[Estimate]) -> Estimate:
    """Return the mean of estimates from independent worlds.

    The distances to the bounds add up in quadrature, as the errors of independent means do (JCGM 100:2008, 5.1.2).
    """
    each = list(estimates)
    centre = fmean(one.mean for one in each)
    below = math.hypot(*(one.mean - one.low for one in each)) / len(each)
    above = math.hypot(*(one.high - one.mean for one in each)) / len(each)
    return Estimate(centre, centre - below, centre + above)


def interval(one: Estimate, factor: float, unit: str, *, signed: bool = False, digits: int = 1) -> str:
    """Return an estimate, times ``factor``, as text: the mean with its unit, and its bounds unless they are equal."""
    form = f"{'+' if signed else ''}.{digits}f"
    low, centre, high = (f"{factor * value:{form}}" for value in (one.low, one.mean, one.high))
    return f"{centre}{unit} [{low}, {high}]" if low != high else f"{centre}{unit}"

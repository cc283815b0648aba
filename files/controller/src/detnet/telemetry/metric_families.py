"""Metric families whose labelled series come and go with targets, workloads and domains."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Generic, TypeAlias, TypeVar

from prometheus_client import Counter, Gauge

_Metric = TypeVar("_Metric", Counter, Gauge)
Labels: TypeAlias = tuple[str, ...]
_Labels = TypeVar("_Labels", bound=Labels)  # a mapping is invariant in its keys


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


def replace(family: Family[Gauge], values: Mapping[_Labels, float]) -> None:
    """Make ``values`` the family's only series."""
    family.keep(values.keys())
    for labels, value in values.items():
        family.series(*labels).set(value)

"""Metric families whose labelled series come and go with targets and workloads."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Generic, TypeVar

from prometheus_client import Counter, Gauge

_Metric = TypeVar("_Metric", Counter, Gauge)
Labels = tuple[str, ...]
_Labels = TypeVar("_Labels", bound=Labels)


class Family(Generic[_Metric]):
    """One labelled metric and its series, looked up once: ``labels()`` on every pass costs four times a cached series.

    Written from one thread only; scrapes may run meanwhile.
    """

    def __init__(self, metric: _Metric) -> None:
        self._metric: _Metric = metric
        self._series: dict[Labels, _Metric] = {}

    def series(self, *labels: str) -> _Metric:
        """Return the series with these label values; it exists, at 0, from now on."""
        if labels not in self._series:
            self._series[labels] = self._metric.labels(*labels)
        return self._series[labels]

    def keep(self, labels: Collection[Labels]) -> None:
        """Remove every series but these, and create those that are missing."""
        for gone in self._series.keys() - set(labels):
            self._metric.remove(*gone)
            del self._series[gone]
        for each in labels:
            self.series(*each)


def replace(family: Family[Gauge], values: Mapping[_Labels, float]) -> None:
    """Make ``values`` the family's only series."""
    family.keep(values.keys())
    for labels, value in values.items():
        family.series(*labels).set(value)

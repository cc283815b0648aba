"""Polling a real Prometheus until it says what a test waits for."""

from __future__ import annotations

from collections.abc import Callable

from detnet.sources.errors import ErrorKind
from detnet.sources.prometheus import PrometheusSource, PrometheusSourceConfig
from detnet.sources.promql import Template
from detnet.sources.source import Reading
from sources.prometheus_server import SCRAPE_S, RunningPrometheus
from support import wait_for


def source_of(prometheus: RunningPrometheus, template: Template) -> PrometheusSource:
    """Return a source with one workload, robot."""
    questions = {"robot": template}
    return PrometheusSource(PrometheusSourceConfig(prometheus.url, questions, window_s=2.0, scrape_interval_s=SCRAPE_S))


def until(source: PrometheusSource, wanted: Callable[[Reading], bool], what: str) -> Reading:
    """Poll until the reading is as wanted."""
    try:
        wait_for(lambda: wanted(source.poll_once()), what=what)
    finally:
        source.close()
    return source.latest()


def ends_in(source: PrometheusSource, kind: ErrorKind, words: str) -> Reading:
    """Poll until the error has this name and these words."""
    return until(source, lambda reading: kind in reading.counts and words in (reading.error or ""), f"{kind}: {words}")

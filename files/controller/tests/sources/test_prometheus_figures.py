"""A real Prometheus gives figures: from our probe's histogram, from Hubble's, and from the user's own PromQL."""

from __future__ import annotations

import time

import pytest

from detnet.model.signals import Interval, Signal
from detnet.sources.prometheus import PrometheusSource, PrometheusSourceConfig
from detnet.sources.promql import HubbleHttp, OwnQueries, OwnQuery, ProbeHistogram, Template
from sources.prometheus_server import SCRAPE_S, Exporter, Growing, RunningPrometheus, probe_page
from support import wait_for

pytestmark = pytest.mark.needs("prometheus")


def signal_of(prometheus: RunningPrometheus, template: Template) -> Signal:
    """Poll until there is a signal, and return it."""
    config = PrometheusSourceConfig(prometheus.url, {"robot": template}, window_s=2.0, scrape_interval_s=SCRAPE_S)
    source = PrometheusSource(config)
    before_s = time.monotonic()
    try:
        wait_for(lambda: "robot" in source.poll_once().evidence, what="a signal")
    finally:
        source.close()
    signal = source.latest().evidence["robot"]
    assert isinstance(signal, Signal)
    assert before_s - 1.0 < signal.measured_at_s <= time.monotonic()
    assert signal.span_s == 2.0
    return signal


def _between(interval: Interval | None, low: float, high: float) -> bool:
    """Say whether it is the bucket (low, high]; the lower edge itself is outside."""
    return interval is not None and low < interval.low < low + 1e-6 and interval.high == high


def test_our_probes_histogram_gives_p95_variation_and_loss(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """Each as the bucket it lies in: p95 in (1.5, 2] ms, the base in (0.1, 0.2] ms."""
    exporter.page = probe_page("figures", {0.0001: 0, 0.0002: 80, 0.0015: 0, 0.002: 16, 0.003: 4}, lost=25)
    signal = signal_of(prometheus, ProbeHistogram("figures"))
    assert _between(signal.latency_ms, 1.5, 2.0)
    assert signal.jitter_ms is not None
    assert signal.jitter_ms.low == pytest.approx(1.3)
    assert signal.jitter_ms.high == pytest.approx(1.9)
    assert signal.loss_ratio == pytest.approx(0.2)
    assert signal.sent >= 125


def test_a_path_that_loses_everything_is_a_signal_and_not_missing_data(
    prometheus: RunningPrometheus, exporter: Exporter
) -> None:
    """No reply in the window, every probe lost: loss 1, and no delay is invented."""
    exporter.page = probe_page("dark", {0.001: 0}, lost=20)
    signal = signal_of(prometheus, ProbeHistogram("dark"))
    assert signal.loss_ratio == 1.0
    assert signal.latency_ms is None
    assert signal.jitter_ms is None


def test_the_newest_sample_s_age_is_counted_on_top_of_the_scrape_s(
    prometheus: RunningPrometheus, exporter: Exporter
) -> None:
    """A probe that stalled half a second before the scrape gives evidence that is half a second older."""
    page = probe_page("lagging", {0.001: 5})
    page.fixed = ['detnet_probe_last_sample_age_seconds{path="lagging"} 0.5']
    exporter.page = page
    signal = signal_of(prometheus, ProbeHistogram("lagging"))
    assert time.monotonic() - signal.measured_at_s >= 0.5


def test_hubbles_histogram_is_not_interpolated(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """Everything below 5 ms: latency and jitter are "0 to 5 ms", loss is not measured; the client reports."""
    labels = 'destination_app="factory",destination_workload="",reporter="client"'
    exporter.page = Growing("hubble_http_request_duration_seconds", labels, {0.005: 20, 0.01: 0, 0.025: 0})
    signal = signal_of(prometheus, HubbleHttp({"destination_app": "factory"}))
    assert signal.latency_ms == signal.jitter_ms == Interval(0.0, 5.0)
    assert signal.loss_ratio is None


def test_hubble_over_an_edge_is_known_to_be_over_it(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """A tenth of the requests above 5 ms: an objective of 5 ms is breached, one of 10 ms is met."""
    labels = 'destination_app="slow",destination_workload="",reporter="client"'
    exporter.page = Growing("hubble_http_request_duration_seconds", labels, {0.005: 18, 0.01: 2, 0.025: 0})
    assert _between(signal_of(prometheus, HubbleHttp({"destination_app": "slow"})).latency_ms, 5.0, 10.0)


def test_own_promql_is_converted_from_its_unit(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """A vector of one series in seconds, a scalar in microseconds, a loss in percent."""

    def page() -> str:
        return (
            f'ping_rtt_seconds{{path="own"}} 0.0021\nping_total{{path="own"}} {exporter.count}\nping_lost_percent 5\n'
        )

    exporter.page = page
    template = OwnQueries(
        measured_by='ping_total{path="own"}',
        latency=OwnQuery('ping_rtt_seconds{path="own"}', "s"),
        jitter=OwnQuery("1500", "us"),
        loss=OwnQuery("ping_lost_percent", "percent"),
    )
    signal = signal_of(prometheus, template)
    assert signal.latency_ms is not None
    assert signal.latency_ms.low == signal.latency_ms.high == pytest.approx(2.1)
    assert signal.jitter_ms == Interval.exactly(1.5)
    assert signal.loss_ratio == pytest.approx(0.05)
    assert signal.sent >= 2

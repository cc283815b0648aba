"""What a real Prometheus can hold instead of a histogram's figure: each case has its own name, and no number."""

from __future__ import annotations

from pathlib import Path

import pytest

from detnet.model.signals import Signal
from detnet.sources.errors import ErrorKind
from detnet.sources.prometheus import PrometheusSource, PrometheusSourceConfig
from detnet.sources.promql import ProbeHistogram
from sources.prometheus_polls import ends_in, source_of, until
from sources.prometheus_server import SCRAPE_S, Exporter, RunningPrometheus, probe_page, running_prometheus

pytestmark = pytest.mark.needs("prometheus")


def test_a_series_that_never_was(prometheus: RunningPrometheus) -> None:
    """An empty answer names the selector to check."""
    reading = ends_in(source_of(prometheus, ProbeHistogram("no")), ErrorKind.EMPTY, 'bucket{path="no"}')
    assert not reading.evidence


def test_an_exporter_that_is_gone(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """Its counters are still in the window, but the series has ended: the old signal stays, and ages."""
    exporter.page = probe_page("gone", {0.001: 5})
    source = source_of(prometheus, ProbeHistogram("gone"))
    until(source, lambda reading: bool(reading.evidence), "a signal")

    def broken() -> str:
        raise RuntimeError

    exporter.page = broken
    reading = ends_in(source, ErrorKind.STALE, "has ended")
    kept = reading.evidence["robot"]
    assert isinstance(kept, Signal)
    later = source.poll_once().evidence["robot"]
    assert isinstance(later, Signal)
    assert later.measured_at_s == kept.measured_at_s


def test_counters_that_stand_still(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """The exporter is scraped, but nobody measures: the scrape's freshness is not the signal's."""
    page = probe_page("frozen", {0.001: 5})
    exporter.page = page
    source = source_of(prometheus, ProbeHistogram("frozen"))
    until(source, lambda reading: bool(reading.evidence), "a signal")
    frozen = page()
    exporter.page = lambda: frozen
    ends_in(source, ErrorKind.IDLE, "nothing new")


def test_counters_that_restarted(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """A window across a restart is no window; it passes by itself."""
    page = probe_page("restarted", {0.001: 5})
    exporter.page = page
    source = source_of(prometheus, ProbeHistogram("restarted"))
    until(source, lambda reading: bool(reading.evidence), "a signal")
    page.scrapes = 0
    ends_in(source, ErrorKind.RESET, "restarted within 2 s")
    until(source, lambda reading: reading.error is None, "a whole window")


def test_too_few_scrapes_for_an_increase(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """A window shorter than two real scrape intervals holds one sample: no difference, and never a zero."""
    exporter.page = probe_page("rare", {0.001: 5})
    questions = {"robot": ProbeHistogram("rare")}
    config = PrometheusSourceConfig(prometheus.url, questions, window_s=SCRAPE_S, scrape_interval_s=SCRAPE_S / 2)
    assert not ends_in(PrometheusSource(config), ErrorKind.TOO_FEW, "fewer than two scrapes").evidence


def test_two_probes_with_the_same_path_name(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """Their sum would be the path of nobody."""
    one, two = probe_page("twice", {0.001: 5}), probe_page("twice", {0.001: 5})
    two.labels, two.counters, two.fixed = 'path="twice",protocol="tcp"', {}, ()
    exporter.page = lambda: one() + two()
    assert not ends_in(source_of(prometheus, ProbeHistogram("twice")), ErrorKind.SEVERAL, "2 series match").evidence


def test_a_histogram_without_its_inf_bucket(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """Without a total there is no percentile."""
    page = probe_page("topless", {0.001: 5})
    page.inf = False
    exporter.page = page
    assert not ends_in(source_of(prometheus, ProbeHistogram("topless")), ErrorKind.NO_INF_BUCKET, "+Inf").evidence


def test_a_histogram_without_its_loss_counter(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """A missing counter is not a loss of zero."""
    page = probe_page("lossless", {0.001: 5})
    page.counters = {}
    exporter.page = page
    source = source_of(prometheus, ProbeHistogram("lossless"))
    assert not ends_in(source, ErrorKind.EMPTY, 'detnet_probe_lost_total{path="lossless"}').evidence


@pytest.mark.parametrize(
    ("value", "kind"),
    [
        ("NaN", ErrorKind.NOT_FINITE),
        ("+Inf", ErrorKind.NOT_FINITE),
        ("{falling}", ErrorKind.OUT_OF_RANGE),
    ],
)
def test_counters_that_are_no_counts(
    prometheus: RunningPrometheus, exporter: Exporter, value: str, kind: ErrorKind
) -> None:
    """Not a number, infinite, or falling below zero (whose increase is negative)."""
    path = f"nonsense-{kind}-{len(value)}"
    page = probe_page(path, {0.001: 5})

    def nonsense() -> str:
        shown = value.format(falling=-10 * page.scrapes)
        return page() + f'detnet_probe_rtt_seconds_bucket{{path="{path}",le="7.0"}} {shown}\n'

    exporter.page = nonsense
    assert not ends_in(source_of(prometheus, ProbeHistogram(path)), kind, "part").evidence


def test_one_workload_in_error_leaves_the_others_alone(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """Each is asked for by itself."""
    exporter.page = probe_page("well", {0.001: 5})
    questions = {"ill": ProbeHistogram("ill"), "well": ProbeHistogram("well")}
    config = PrometheusSourceConfig(prometheus.url, questions, window_s=2.0, scrape_interval_s=SCRAPE_S)
    reading = until(PrometheusSource(config), lambda reading: bool(reading.evidence), "the signal of one")
    assert list(reading.evidence) == ["well"]
    assert (reading.error or "").startswith("ill: ")


def test_an_answer_that_may_be_partial(tmp_path: Path) -> None:
    """A remote store that does not answer makes Prometheus warn; half the series are no signal."""
    remote = 'remote_read: [{url: "http://127.0.0.1:1/read", read_recent: true}]'
    with running_prometheus(tmp_path, remote) as prometheus:
        prometheus.exporter.page = probe_page("half", {0.001: 5})
        reading = ends_in(source_of(prometheus, ProbeHistogram("half")), ErrorKind.PARTIAL, "remote")
        assert not reading.evidence

"""The questions are built from checked parts only."""

from __future__ import annotations

import pytest

from detnet.model.errors import ConfigError
from detnet.sources.prometheus import PrometheusSource, PrometheusSourceConfig
from detnet.sources.prometheus_signals import _hubbles_way
from detnet.sources.promql import HubbleHttp, OwnQueries, OwnQuery, ProbeHistogram, histogram_series, selector

_MS = OwnQuery("x", "ms")


def test_label_values_are_quoted() -> None:
    """A quote, a backslash or a line break in a value stays in the value."""
    assert selector("m", {"a": 'x"} or vector(1) #', "b": "\\\n"}) == 'm{a="x\\"} or vector(1) #",b="\\\\\\n"}'


def test_hubble_reports_from_the_client_unless_told_otherwise() -> None:
    """What the server's proxy measures does not contain the network."""
    assert 'reporter="client"' in histogram_series(HubbleHttp({})).buckets
    assert 'reporter="server"' in histogram_series(HubbleHttp({"reporter": "server"})).buckets


@pytest.mark.parametrize("good", ["m", "a:b_c", "m{}", 'm{a="b"}', 'm{a=~"x|y", b!="}",}', 'm{a="\\""}'])
def test_a_plain_selector_is_accepted(good: str) -> None:
    """Metric name and matchers, also with a brace or a quote inside a value."""
    assert OwnQueries(measured_by=good, latency=_MS).measured_by == good


@pytest.mark.parametrize(
    "bad", ["", "1", "m + m", "sum(m)", "m[5m]", "m offset 1h", 'm{a="b"} - m{c="d"}', '{a="b"}', "m{a=b}"]
)
def test_an_expression_is_no_selector(bad: str) -> None:
    """The timestamp of an expression is the time of asking: a dead series would look fresh for ever."""
    with pytest.raises(ConfigError, match="plain selector"):
        OwnQueries(measured_by=bad, latency=_MS)


def test_own_queries_need_a_figure_and_a_unit() -> None:
    """No unit is guessed."""
    with pytest.raises(ConfigError, match="latency, jitter or loss"):
        OwnQueries(measured_by="m")
    with pytest.raises(ConfigError, match="latency expression is '', expected one of s, ms, us"):
        OwnQueries(measured_by="m", latency=OwnQuery("x", ""))
    with pytest.raises(ConfigError, match="expected one of ratio, percent"):
        OwnQueries(measured_by="m", loss=_MS)


@pytest.mark.parametrize(
    ("times", "words"),
    [
        ({"window_s": 1.9}, "at least two scrape intervals"),
        ({"window_s": float("nan")}, "at least two scrape intervals"),
        ({"scrape_interval_s": 15.0}, "at least two scrape intervals"),
        ({"scrape_interval_s": 0.0}, "must be 0"),
        ({"period_s": -1.0}, "must be 0"),
    ],
)
def test_times_that_do_not_fit_are_refused(times: dict[str, float], words: str) -> None:
    """An increase needs two samples."""
    with pytest.raises(ConfigError, match=words):
        PrometheusSourceConfig("http://127.0.0.1:9090", {"robot": ProbeHistogram("p")}, **times)  # type: ignore[arg-type]


def test_a_source_without_a_question_or_with_a_wrong_label_is_refused() -> None:
    """Before the first poll."""
    with pytest.raises(ConfigError, match="no question"):
        PrometheusSourceConfig("http://127.0.0.1:9090", {})
    with pytest.raises(ConfigError, match="not the name of a Prometheus label"):
        PrometheusSource(PrometheusSourceConfig("http://127.0.0.1:9090", {"robot": HubbleHttp({"a-b": "c"})}))


def test_where_hubble_has_no_series_the_way_to_one_is_told() -> None:
    """An agent names the workloads of its own node only, and sees HTTP only where a rule of layer 7 reads it."""
    assert _hubbles_way("detnet_probe_rtt_seconds_bucket") == ""
    client = _hubbles_way(histogram_series(HubbleHttp({"destination_workload": "robot"})).buckets)
    assert "on the clients' egress" in client
    assert "destination_workload is empty across nodes: select by destination_app" in client
    server = _hubbles_way(histogram_series(HubbleHttp({"reporter": "server"})).buckets)
    assert "on the server's ingress" in server
    assert "source_workload is empty across nodes" in server

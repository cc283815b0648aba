"""What the user's own PromQL can give instead of a figure."""

from __future__ import annotations

import time

import pytest

from detnet.sources.errors import ErrorKind
from detnet.sources.promql import OwnQueries, OwnQuery
from sources.prometheus_polls import ends_in, source_of
from sources.prometheus_server import Exporter, RunningPrometheus

pytestmark = pytest.mark.needs("prometheus")


def test_a_series_that_prometheus_only_repeats(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """With timestamps of its own a dead series shows for five minutes at the time of asking: its age tells."""
    stamp_ms = round((time.time() - 30.0) * 1000)
    exporter.page = lambda: f"ping_old 0.001 {stamp_ms}\n"
    template = OwnQueries(measured_by="ping_old", latency=OwnQuery("ping_old", "s"))
    assert not ends_in(source_of(prometheus, template), ErrorKind.STALE, "s old, expected 0.6 s at most").evidence


def test_a_gauge_that_keeps_its_last_value(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """The v1 controller read such a gauge as "stable" and opened the cap."""
    exporter.page = lambda: "ping_frozen 0.001\n"
    template = OwnQueries(measured_by="ping_frozen", latency=OwnQuery("ping_frozen", "s"))
    assert not ends_in(source_of(prometheus, template), ErrorKind.IDLE, "nothing new").evidence


@pytest.mark.parametrize(
    ("expression", "kind", "words"),
    [
        ("ping_nothing", ErrorKind.EMPTY, "gives no series"),
        ("ping_moving", ErrorKind.SEVERAL, "2 series where one is expected"),
        ('ping_moving{path="a"}[1s]', ErrorKind.WRONG_TYPE, "gives a matrix"),
        ('"text"', ErrorKind.WRONG_TYPE, "gives a string"),
        ("ping_moving{", ErrorKind.QUERY_ERROR, "rejects the query"),
        ("0 / 0", ErrorKind.NOT_FINITE, "nan"),
        ("1 / 0", ErrorKind.NOT_FINITE, "inf"),
        ("-1", ErrorKind.OUT_OF_RANGE, "-1000"),
    ],
)
def test_own_expressions_that_give_no_figure(
    prometheus: RunningPrometheus, exporter: Exporter, expression: str, kind: ErrorKind, words: str
) -> None:
    """Nothing, too much, the wrong type, a syntax error, no number: each has its own kind."""
    exporter.page = lambda: f'ping_moving{{path="a"}} {exporter.count}\nping_moving{{path="b"}} 2\n'
    template = OwnQueries(measured_by='ping_moving{path="a"}', latency=OwnQuery(expression, "s"))
    assert not ends_in(source_of(prometheus, template), kind, words).evidence


def test_a_loss_over_100_percent(prometheus: RunningPrometheus, exporter: Exporter) -> None:
    """The wrong unit is found before it is believed."""
    exporter.page = lambda: f"ping_count {exporter.count}\n"
    template = OwnQueries(measured_by="ping_count", loss=OwnQuery("5", "ratio"))
    ends_in(source_of(prometheus, template), ErrorKind.OUT_OF_RANGE, "expected 0 to 1")

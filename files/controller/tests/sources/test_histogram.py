"""A histogram answers with the bucket in which the truth lies."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.control.windows import percentile
from detnet.model.signals import Interval
from detnet.sources.errors import ErrorKind, SourceError
from detnet.sources.histogram import Histogram, variation

# Hubble's: client_golang's defaults.
_HUBBLE_MS = (5.0, 10.0, 25.0, 50.0, 100.0, 250.0, 500.0, 1000.0, 2500.0, 5000.0, 10000.0, math.inf)


def _buckets(delays_ms: list[float], edges_ms: tuple[float, ...] = _HUBBLE_MS) -> dict[str, float]:
    return {
        "+Inf" if math.isinf(edge) else repr(edge / 1000.0): float(sum(delay <= edge for delay in delays_ms))
        for edge in edges_ms
    }


_delays = st.lists(st.floats(0.0, 20_000.0), min_size=1, max_size=200)


@given(_delays, st.sampled_from([0.25, 0.5, 0.75, 0.95, 0.99, 1.0]))
def test_the_true_percentile_lies_in_the_answer(delays_ms: list[float], share: float) -> None:
    """Whatever the delays: the interval holds the percentile that the samples themselves give."""
    interval = Histogram.of(_buckets(delays_ms)).percentile(share)
    truth = percentile(sorted(delays_ms), share)
    assert interval is not None
    assert interval.low <= truth <= interval.high


@given(_delays)
def test_the_true_variation_lies_in_the_answer(delays_ms: list[float]) -> None:
    """The same for the packet delay variation over the least delay."""
    histogram = Histogram.of(_buckets(delays_ms))
    p95, least = histogram.percentile(0.95), histogram.least()
    assert p95 is not None
    assert least is not None
    truth = percentile(sorted(delays_ms), 0.95) - min(delays_ms)
    interval = variation(p95, least)
    assert interval.low <= truth <= interval.high


@pytest.mark.parametrize("delays_ms", [[0.1] * 100, [4.9] * 100, [0.0, 4.999] * 50])
def test_below_hubbles_first_edge_everything_looks_the_same(delays_ms: list[float]) -> None:
    """Idle or 50 times slower: the answer is "up to 5 ms", never an interpolated 4.75 or an IQR of 2.5."""
    histogram = Histogram.of(_buckets(delays_ms))
    p95, least = histogram.percentile(0.95), histogram.least()
    assert p95 == least == Interval(0.0, 5.0)
    assert p95 is not None
    assert variation(p95, p95) == Interval(0.0, 5.0)


def test_just_above_an_edge_is_over_it() -> None:
    """An objective on a bucket edge can be breached: ``le`` belongs to the bucket below."""
    over, at = (Histogram.of(_buckets([delay] * 20)).percentile(0.95) for delay in (5.001, 5.0))
    assert over is not None
    assert at is not None
    assert over.low > 5.0
    assert at.high <= 5.0


def test_without_observations_there_is_no_figure() -> None:
    """Zero is not a delay."""
    histogram = Histogram.of(_buckets([]))
    assert histogram.percentile(0.95) is None
    assert histogram.least() is None


def test_over_the_last_edge_there_is_no_upper_bound() -> None:
    """Ten seconds or an hour: the answer says only that it is over the last edge."""
    interval = Histogram.of(_buckets([20_000.0])).percentile(0.95)
    assert interval is not None
    assert interval.low > 10_000.0
    assert interval.high == math.inf
    assert variation(interval, interval) == Interval(0.0, math.inf)


@pytest.mark.parametrize(
    ("buckets", "kind"),
    [
        ({}, ErrorKind.NO_INF_BUCKET),
        ({"0.005": 3.0}, ErrorKind.NO_INF_BUCKET),
        ({"0.005": 3.0, "0.01": 2.0, "+Inf": 5.0}, ErrorKind.NOT_CUMULATIVE),
        ({"1": 3.0, "1.0": 3.0, "+Inf": 5.0}, ErrorKind.NOT_CUMULATIVE),
        ({"low": 3.0, "+Inf": 5.0}, ErrorKind.INVALID_ANSWER),
        ({"NaN": 3.0, "+Inf": 5.0}, ErrorKind.INVALID_ANSWER),
        ({"-1": 3.0, "+Inf": 5.0}, ErrorKind.INVALID_ANSWER),
    ],
)
def test_a_histogram_that_is_none_is_an_error(buckets: dict[str, float], kind: ErrorKind) -> None:
    """A missing +Inf, falling counts, two layouts mixed, edges that are no delays."""
    with pytest.raises(SourceError) as caught:
        Histogram.of(buckets)
    assert caught.value.kind is kind


def test_extrapolations_last_bits_do_not_matter() -> None:
    """Prometheus' increase() gives equal counts that differ in the last bits."""
    assert Histogram.of({"0.005": 10.000000000001, "+Inf": 10.0}).percentile(0.95) == Interval(0.0, 5.0)

"""A window holds evidence only: sent in its span, not in the future, with a delay that is a number; percentiles."""

from __future__ import annotations

import math
import random
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from control.worlds import stream
from detnet.control.windows import percentile, summarise
from detnet.model.samples import Sample
from detnet.model.signals import Interval

NOW_S = 1000.0
rtts = st.one_of(st.none(), st.floats(0.0, 1e6))
good = st.builds(Sample, st.floats(NOW_S - 1.0, NOW_S), rtts)
bad = st.one_of(
    st.builds(Sample, st.floats(NOW_S, NOW_S + 1e6, exclude_min=True), rtts),
    st.builds(Sample, st.floats(NOW_S - 1e6, NOW_S - 1.0, exclude_max=True), rtts),
    st.builds(Sample, st.sampled_from([math.nan, math.inf, -math.inf]), rtts),
    st.builds(Sample, st.floats(NOW_S - 1.0, NOW_S), st.sampled_from([math.nan, math.inf, -math.inf, -0.001, -1e9])),
)


@given(st.lists(good, max_size=40, unique_by=lambda s: s.sent_at_s), st.lists(bad, max_size=10), st.randoms())
def test_what_is_no_evidence_changes_nothing(
    evidence: list[Sample], noise: list[Sample], chance: random.Random
) -> None:
    """Future, old, NaN, infinite and negative samples neither help nor hurt, wherever they stand."""
    mixed = evidence + noise
    chance.shuffle(mixed)
    expected = summarise(evidence, now_s=NOW_S, span_s=1.0, base_ms=0.5)
    assert summarise(mixed, now_s=NOW_S, span_s=1.0, base_ms=0.5) == expected
    assert (expected is None) == (not evidence)


@given(st.lists(good, max_size=40, unique_by=lambda s: s.sent_at_s), st.randoms())
def test_the_order_of_arrival_does_not_matter(evidence: list[Sample], chance: random.Random) -> None:
    """Samples are put in sending order before anything is made of neighbours."""
    shuffled = list(evidence)
    chance.shuffle(shuffled)
    assert summarise(shuffled, now_s=NOW_S, span_s=1.0, base_ms=None) == summarise(
        evidence, now_s=NOW_S, span_s=1.0, base_ms=None
    )


@given(st.lists(good, min_size=1, max_size=40))
def test_no_figure_is_ever_nan(evidence: list[Sample]) -> None:
    """What a window cannot tell is None."""
    signal = summarise(evidence, now_s=NOW_S, span_s=1.0, base_ms=0.5)
    assert signal is not None
    assert signal.statistics is not None
    figures = [getattr(signal.statistics, name) for name in signal.statistics.__slots__]
    assert all(figure is None or math.isfinite(figure) for figure in [*figures, signal.loss_ratio])
    replies = [s for s in evidence if s.rtt_ms is not None]
    assert (signal.latency_ms is None) == (not replies)
    assert signal.loss_ratio == pytest.approx(1 - len(replies) / len(evidence))
    assert signal.measured_at_s == max(s.sent_at_s for s in evidence)


def test_a_window_of_losses_is_a_signal_and_an_empty_one_is_none() -> None:
    """Silence from a path that is being probed is evidence; no probes are none."""
    lost = summarise(stream(NOW_S - 0.9, NOW_S, None), now_s=NOW_S, span_s=1.0, base_ms=1.0)
    assert lost is not None
    assert (lost.loss_ratio, lost.latency_ms, lost.jitter_ms) == (1.0, None, None)
    assert summarise((), now_s=NOW_S, span_s=1.0, base_ms=1.0) is None


def test_a_loss_at_its_limit_is_not_above_it() -> None:
    """One of 100 lost is 1 %, to the last bit: 1 - 0.99 would already breach a limit of 0.01."""
    window = [Sample(NOW_S - 0.001 * n, None if n == 0 else 1.0) for n in range(100)]
    signal = summarise(window, now_s=NOW_S, span_s=1.0, base_ms=1.0)
    assert signal is not None
    assert signal.loss_ratio == 0.01


def test_without_a_base_there_is_no_variation() -> None:
    """Jitter over an unknown path is unknown, not zero."""
    signal = summarise(stream(NOW_S - 0.9, NOW_S, 8.0), now_s=NOW_S, span_s=1.0, base_ms=None)
    assert signal is not None
    assert signal.jitter_ms is None
    assert signal.latency_ms == Interval.exactly(8.0)


def test_since_leaves_out_what_was_sent_before() -> None:
    """Evidence from before a cut does not judge the cut; its very moment counts."""
    window = [Sample(NOW_S - 0.6, 50.0), Sample(NOW_S - 0.5, 7.0), Sample(NOW_S - 0.1, 1.0)]
    signal = summarise(window, now_s=NOW_S, span_s=1.0, base_ms=None, since_s=NOW_S - 0.5)
    assert signal is not None
    assert (signal.sent, signal.latency_ms) == (2, Interval(1.0, 7.0))


@pytest.mark.parametrize("count", [5, 19, 20, 39, 40])
def test_one_late_packet_of_few_is_no_tail(count: int) -> None:
    """The p95 of fewer than 20 lies between the largest two; two late packets are a tail in any window."""
    spread = [Sample(NOW_S - 0.9 + 0.02 * n, 9.0 if n == 0 else 1.0) for n in range(count)]
    one = summarise(spread, now_s=NOW_S, span_s=1.0, base_ms=1.0)
    two = summarise([*spread, Sample(NOW_S, 9.0)], now_s=NOW_S, span_s=1.0, base_ms=1.0)
    assert one is not None
    assert two is not None
    assert one.latency_ms == Interval(1.0, 9.0 if count < 20 else 1.0)
    assert two.latency_ms == Interval.exactly(9.0 if count < 39 else 1.0)


def test_a_standing_queue_moves_the_newest_median_and_a_tail_does_not() -> None:
    """The newest quarter decides: a queue that has just begun stands already, one that has drained stands no more."""
    old, new = [Sample(n / 40, 1.0) for n in range(30)], [n / 40 for n in range(30, 40)]
    cases = {"begun": (9.0,) * 10, "tail": (1.0,) * 8 + (9.0,) * 2, "lost": (None,) * 10}
    standing = {}
    for name, delays in cases.items():
        samples = [*old, *(Sample(at_s, rtt_ms) for at_s, rtt_ms in zip(new, delays, strict=True))]
        signal = summarise(samples, now_s=1.0, span_s=1.0, base_ms=1.0)
        assert signal is not None
        standing[name] = signal.standing_ms
    assert standing == {"begun": 8.0, "tail": 0.0, "lost": math.inf}


values = st.lists(st.floats(0.0, 1e6), min_size=1, max_size=400)
shares = st.integers(1, 100).map(lambda hundredths: (hundredths / 100, Fraction(hundredths, 100)))


@given(values, shares)
def test_a_percentile_is_the_least_value_that_enough_do_not_exceed(
    delays: list[float], share: tuple[float, Fraction]
) -> None:
    """RFC 2330: the smallest x for which the empirical distribution function reaches the share."""
    enough = [x for x in delays if Fraction(sum(y <= x for y in delays), len(delays)) >= share[1]]
    assert percentile(sorted(delays), share[0]) == min(enough)


def test_the_rfc_example() -> None:
    """RFC 2330 section 11.3's own numbers: of -2, 7, 7, 4, 18, -5 the 50th percentile is 4 and the 25th is -2."""
    ordered = sorted([-2.0, 7.0, 7.0, 4.0, 18.0, -5.0])
    assert [percentile(ordered, share) for share in (0.25, 0.5, 1.0)] == [-2.0, 4.0, 18.0]


@pytest.mark.parametrize("count", [100, 1000, 10_000])
def test_rounding_never_asks_for_one_value_too_many(count: int) -> None:
    """0.07 of 100 is the 7th value, though the product is 7.000000000000001 in binary."""
    ordered = [float(n) for n in range(1, count + 1)]
    assert [percentile(ordered, n / 100) for n in range(1, 101)] == ordered[count // 100 - 1 :: count // 100]


@pytest.mark.parametrize(("ordered", "share"), [([], 0.5), ([1.0], 0.0), ([1.0], 1.01), ([1.0], float("nan"))])
def test_no_percentile_of_nothing(ordered: list[float], share: float) -> None:
    """An empty window has no percentile, and a default would hide that."""
    with pytest.raises(ValueError, match="no percentile"):
        percentile(ordered, share)

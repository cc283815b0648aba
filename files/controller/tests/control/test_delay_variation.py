"""PDV, IPDV and interarrival jitter against vectors worked out by hand from their RFCs."""

from __future__ import annotations

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.control.windows import interarrival_jitter, ipdv, pdv, summarise
from detnet.model.samples import Sample

delays = st.lists(st.floats(0.0, 1e4), max_size=100)


def test_pdv_is_the_delay_over_the_base() -> None:
    """RFC 5481 section 4.2: each delay minus the minimum of the uncongested path."""
    assert pdv([20.0, 21.5, 20.5, 30.0], 20.0) == [0.0, 1.5, 0.5, 10.0]


def test_a_delay_below_the_base_is_no_negative_variation() -> None:
    """A base of an older, slower route must not make room out of a faster one."""
    assert pdv([1.0, 3.0], 2.0) == [0.0, 1.0]


def test_ipdv_is_the_signed_difference_of_neighbours() -> None:
    """RFC 3393 section 4.5: positive when the later packet was slower."""
    assert ipdv([10.0, 12.0, 11.0, 11.0]) == [2.0, -1.0, 0.0]
    assert ipdv([10.0]) == []


def test_interarrival_jitter_follows_its_recurrence() -> None:
    """RFC 3550 section 6.4.1, by hand: |D| of 16 and then 32 give 1, and 1 + 31/16."""
    assert interarrival_jitter([0.0, 16.0]) == 1.0
    assert interarrival_jitter([0.0, 16.0, -16.0]) == 1.0 + 31.0 / 16.0
    assert interarrival_jitter([0.0, 16.0, 16.0]) == 15.0 / 16.0
    assert interarrival_jitter([5.0]) == 0.0


@given(st.floats(0.0, 1e3), st.integers(500, 800))
def test_interarrival_jitter_converges_to_a_constant_difference(step_ms: float, count: int) -> None:
    """An exponential average with gain 1/16 ends where its input stays."""
    zigzag = [step_ms * (n % 2) for n in range(count)]
    assert math.isclose(interarrival_jitter(zigzag), step_ms, rel_tol=1e-9, abs_tol=1e-9)


@given(delays, st.floats(-100.0, 100.0))
def test_a_constant_offset_changes_no_variation(delays_ms: list[float], offset_ms: float) -> None:
    """Variation is about differences: the distance of the peer does not show in it."""
    moved = [delay + offset_ms for delay in delays_ms]
    assert ipdv(moved) == pytest.approx(ipdv(delays_ms), abs=1e-6)
    assert interarrival_jitter(moved) == pytest.approx(interarrival_jitter(delays_ms), abs=1e-6)


def test_the_recorded_figures_of_a_window() -> None:
    """One window by hand: sorted 1 1 2 3 9, differences 2 1 6 8, base 1."""
    window = [Sample(float(n), delay) for n, delay in enumerate([1.0, 3.0, 2.0, None, 9.0, 1.0])]
    signal = summarise(window, now_s=5.0, span_s=10.0, base_ms=1.0)
    assert signal is not None
    assert signal.latency_ms is not None
    assert signal.jitter_ms is not None
    assert signal.statistics is not None
    assert (signal.latency_ms.low, signal.latency_ms.high) == (3.0, 9.0)
    assert (signal.jitter_ms.low, signal.jitter_ms.high) == (2.0, 8.0)
    assert signal.loss_ratio == pytest.approx(1 / 6)
    figures = signal.statistics
    assert (figures.p50_ms, figures.p99_ms, figures.iqr_ms, figures.ipdv_p95_ms) == (2.0, 9.0, 2.0, 8.0)
    assert figures.jitter_ms == pytest.approx(interarrival_jitter([1.0, 3.0, 2.0, 9.0, 1.0]))

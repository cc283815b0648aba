"""The base delay is the least of the last ten minutes, and never anything but a delay that was measured."""

from __future__ import annotations

import math

from hypothesis import given
from hypothesis import strategies as st

from detnet.control.windows import BaseDelay
from detnet.model.samples import Sample

steps = st.lists(
    st.tuples(
        st.floats(0.0, 400.0),
        st.lists(st.one_of(st.none(), st.floats(0.0, 100.0), st.sampled_from([math.nan, math.inf, -1.0])), max_size=4),
    ),
    max_size=30,
)


@given(steps)
def test_the_base_is_the_least_of_the_last_ten_minutes(history: list[tuple[float, list[float | None]]]) -> None:
    """Held against a plain list of everything seen, by the minute in which it was seen."""
    now_s, base, seen = 5000.0, BaseDelay(), []
    for wait_s, delays in history:
        now_s += wait_s
        base = base.after([Sample(now_s, delay) for delay in delays], now_s)
        seen += [(now_s // 60, delay) for delay in delays if delay is not None and 0.0 <= delay < math.inf]
        recent = [delay for minute, delay in seen if minute > now_s // 60 - 10]
        assert base.ms == min(recent, default=None)
        assert len(base.minima) <= 10


def test_a_route_that_is_gone_is_forgotten_after_ten_minutes() -> None:
    """A faster path that no longer exists would make every packet of the new one look delayed."""
    base = BaseDelay().after([Sample(0.0, 1.0)], 0.0)
    for minute in range(1, 10):
        base = base.after([Sample(60.0 * minute, 5.0)], 60.0 * minute)
        assert base.ms == 1.0
    assert base.after([], 600.0).ms == 5.0


def test_no_reply_means_no_base() -> None:
    """Losses and nonsense are no delay; a base of zero would make jitter of every packet."""
    nonsense = [Sample(10.0, None), Sample(10.0, math.nan), Sample(10.0, -1.0), Sample(99.0, 1.0)]
    assert BaseDelay().after(nonsense, 10.0).ms is None


@given(st.floats(-1e5, 1e5), st.floats(0.0, 500.0))
def test_a_clock_that_steps_takes_the_base_along(by_s: float, later_s: float) -> None:
    """A base that were lost with the clock would be learned again from a congested path."""
    base = BaseDelay().after([Sample(3000.0, 1.0)], 3000.0).shifted(by_s)
    now_s = 3000.0 + by_s + later_s
    assert base.after([Sample(now_s, 9.0)], now_s).ms == 1.0
    assert base.after([], 3000.0 + by_s + 660.0).ms is None


@given(st.lists(st.floats(0.0, 100.0), min_size=1))
def test_the_history_is_a_value(delays: list[float]) -> None:
    """Taking samples in leaves the old history as it was."""
    before = BaseDelay().after([Sample(1.0, 50.0)], 1.0)
    before.after([Sample(2.0, delay) for delay in delays], 2.0)
    assert before.ms == 50.0

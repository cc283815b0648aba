"""Layout: labels do not meet, lines stay small and keep their shape."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet_lab.report.chart.axes import Scale
from detnet_lab.report.chart.canvas import fit, spread, steps, text_width, thin, wrap
from detnet_lab.report.chart.header import place_texts

TEXT = st.text(st.characters(codec="ascii", categories=["L"]), min_size=1, max_size=60)


@given(st.lists(st.floats(0, 230), min_size=1, max_size=30))
def test_spread_labels_never_meet_and_stay_on_the_panel(wanted: list[float]) -> None:
    """They move as far as needed, and closer together only when they are too many."""
    placed = spread(wanted, 15.0, 0.0, 230.0)
    gap = min(15.0, 230.0 / max(1, len(wanted) - 1))
    assert all(later - earlier >= gap - 1e-6 for earlier, later in pairwise(sorted(placed)))
    assert min(placed) >= -1e-6
    assert max(placed) <= 230.0 + 1e-6


@given(st.lists(st.tuples(st.floats(0, 20), st.floats(0, 100)), min_size=1, max_size=200).map(sorted))
def test_thinning_keeps_every_extreme_of_every_column(points: list[tuple[float, float]]) -> None:
    """A spike of one sample in an hour is still drawn."""
    kept = thin(points)
    for column in {int(x) for x, _ in points}:
        before = [y for x, y in points if int(x) == column]
        after = [y for x, y in kept if int(x) == column]
        assert (min(before), max(before)) == (min(after), max(after))
        assert len(after) <= 4


@given(TEXT, st.floats(10, 300))
def test_a_fitted_text_fits(text: str, width: float) -> None:
    """Shortened rather than over its neighbour."""
    assert text_width(fit(text, width, 12), 12) <= width


@given(st.lists(TEXT, min_size=1, max_size=8), st.floats(200, 600))
def test_wrapping_loses_no_word(texts: list[str], width: float) -> None:
    """A long headline takes two lines."""
    sentence = " ".join(texts)
    assert " ".join(wrap(sentence, width, 25)) == sentence


@given(st.lists(st.floats(70, 1020), min_size=1, max_size=25).map(sorted), TEXT)
def test_event_texts_never_overlap(xs: list[float], text: str) -> None:
    """Neither each other nor another event's marker in their lane, nor the edge of the paper."""
    placed = place_texts(xs, [text] * len(xs), 1192.0)
    for lane in {lane for lane, _ in placed}:
        inside = [(x, shown) for x, (at, shown) in zip(xs, placed, strict=True) if at == lane]
        for (x, shown), (next_x, _) in pairwise(inside):
            assert not shown or x + 8 + text_width(shown, 11) <= next_x
        assert inside[-1][0] + 8 + text_width(inside[-1][1], 11) <= 1192.0


def test_a_step_line_ends_with_the_run() -> None:
    """What was planned after an interruption is not drawn."""
    assert steps([(0.0, 5.0), (4.0, 7.0), (9.0, 1.0)], 6.0) == [(0.0, 5.0), (4.0, 5.0), (4.0, 7.0), (6.0, 7.0)]


@pytest.mark.parametrize("bend", [0.0, 0.5])
def test_a_scale_is_monotonic_clips_and_labels_round_values(bend: float) -> None:
    """From zero at the bottom to the highest at the top."""
    scale = Scale(top=10, bottom=240, highest=50, bend=bend)
    assert (scale.y(-1), scale.y(0), scale.y(50), scale.y(900)) == (240, 240, 10, 10)
    ticks = scale.ticks()
    assert ticks[0] == 0
    assert ticks[-1] == 50
    assert all(scale.y(low) - scale.y(high) >= 24 for low, high in pairwise(ticks))

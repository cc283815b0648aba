"""What holds for every run."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given
from hypothesis import strategies as st

from detnet_lab.report.judge import Summary
from report.records import BAD, CLEAN, LOST, SILENT, judged

WINDOWS = st.lists(st.sampled_from([CLEAN, BAD, LOST, SILENT]), min_size=1, max_size=30)
INVALIDATED = st.lists(st.integers(2, 31).map(float), max_size=6)


@given(WINDOWS, INVALIDATED)
def test_phases_add_up_to_the_whole_run(windows: list[float | str | None], invalidated_s: list[float]) -> None:
    """Every window is in exactly one phase."""
    summary = judged(windows, invalidated_s=invalidated_s)
    for figure in ("windows", "violating_windows", "invalidated_windows", "disturbances"):
        assert sum(getattr(figures, figure) for _, figures in summary.phases) == getattr(summary.total, figure)


@given(WINDOWS, INVALIDATED)
def test_counts_are_ordered(windows: list[float | str | None], invalidated_s: list[float]) -> None:
    """No more violations than windows, no longer violation than the run, no more protected goodput than capacity."""
    total = judged(windows, invalidated_s=invalidated_s).total
    assert 0 <= total.violating_windows <= total.windows <= len(windows) + 2
    assert (total.longest_violation_s > 0) == (total.violating_windows > 0)
    assert total.protect_s is None or 0 <= total.protect_s <= len(windows)
    assert 0 <= total.protected_goodput_bps <= total.goodput_bps * (1 + 1e-9)


@given(WINDOWS)
def test_spoiling_a_window_never_adds_a_violation(windows: list[float | str | None]) -> None:
    """A measurement that failed may only take evidence away."""
    whole = judged(windows).total.violating_windows
    for second in range(2, len(windows) + 2):
        assert judged(windows, invalidated_s=[float(second)]).total.violating_windows <= whole


@given(WINDOWS)
def test_windows_are_in_order_and_do_not_repeat(windows: list[float | str | None]) -> None:
    """The timeline can be drawn as it is."""
    timeline = judged(windows).timeline
    assert all(earlier.start_s < later.start_s for earlier, later in pairwise(timeline))


@given(WINDOWS, INVALIDATED)
def test_the_summary_is_json_without_nan(windows: list[float | str | None], invalidated_s: list[float]) -> None:
    """Other tools read it."""
    summary: Summary = judged(windows, invalidated_s=invalidated_s)
    assert json.loads(json.dumps(summary.to_json(), allow_nan=False))["windows"] == summary.total.windows

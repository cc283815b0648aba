"""What is a window, and when it violates."""

from __future__ import annotations

import pytest

from detnet.model.errors import UserError
from detnet_lab.report.judge import judge
from detnet_lab.report.run_record import parse
from report.records import BAD, BASE_MS, CLEAN, LOST, OBJECTIVE_MS, SILENT, judged, record


def test_base_is_the_median_of_the_first_phase() -> None:
    """Later phases do not move the base delay."""
    assert judged([BAD] * 20).base_ms == BASE_MS


def test_a_p95_at_the_objective_holds_it_and_above_violates() -> None:
    """The objective itself is still inside."""
    summary = judged([BASE_MS + OBJECTIVE_MS, BASE_MS + OBJECTIVE_MS + 0.001])
    assert [window.violates for window in summary.timeline] == [False, False, False, True]


def test_a_window_in_which_nothing_came_back_violates() -> None:
    """All packets lost is a violation, not missing data."""
    assert judged([CLEAN, LOST]).total.violating_windows == 1


@pytest.mark.parametrize(("lost", "violates"), [(0, False), (1, True)])
def test_a_lost_packet_counts_as_infinitely_late(lost: int, violates: bool) -> None:  # noqa: FBT001 - a case
    """One of ten is above the 95th percentile: fast survivors do not hide it."""
    changed = record([CLEAN])
    samples = changed["critical"]["robot-control"]["samples"]
    samples[-lost:] = [[at_s, None] for at_s, _ in samples[-lost:]] if lost else samples[-lost:]
    assert judge(parse(changed)).timeline[-1].violates is violates


def test_a_second_in_which_nothing_was_sent_is_no_window() -> None:
    """It is counted nowhere: not as clean, not as violating, not as invalidated."""
    total = judged([CLEAN, SILENT, BAD]).total
    assert (total.windows, total.violating_windows, total.invalidated_windows) == (4, 1, 0)


def test_a_invalidated_window_is_left_out_and_counted() -> None:
    """Whatever its packets say: the measuring host was late."""
    total = judged([CLEAN, BAD, BAD], invalidated_s=[3.0]).total
    assert (total.windows, total.violating_windows, total.invalidated_windows) == (4, 1, 1)


def test_a_invalidated_window_without_packets_is_still_counted_as_invalidated() -> None:
    """A prober that was late may have discarded its packets itself."""
    assert judged([CLEAN, SILENT], invalidated_s=[3.0]).total.invalidated_windows == 1


@pytest.mark.parametrize(("invalidated_from_s", "count"), [(3.0, 1), (2.9999, 1), (3.4, 2)])
def test_a_invalidated_second_off_the_grid_spoils_both_windows_it_touches(
    invalidated_from_s: float, count: int
) -> None:
    """Rounding noise does not touch a second window; a real shift does."""
    assert judged([CLEAN] * 5, invalidated_s=[invalidated_from_s]).total.invalidated_windows == count


def test_packets_of_invalidated_windows_do_not_count_in_the_percentiles_of_the_truth() -> None:
    """Their round trips are as wrong as the window."""
    delay = judged([CLEAN, 500.0], invalidated_s=[3.0]).total.critical["robot-control"]
    assert (delay.p99_ms, delay.sent) == (CLEAN, 30)


def test_a_last_part_of_a_second_is_no_window() -> None:
    """An interrupted run is judged by its whole seconds."""
    assert judged([BAD, BAD], duration_s=3.7).total.windows == 3


def test_a_window_belongs_to_the_phase_that_holds_its_middle() -> None:
    """A phase that starts 30 ms into a second still owns that second."""
    run = record([BAD, BAD, CLEAN])
    run["phases"][0]["end_s"] = run["phases"][1]["start_s"] = 2.03
    quiet, noisy = (figures for _, figures in judge(parse(run)).phases)
    assert (quiet.windows, quiet.violating_windows, noisy.windows, noisy.violating_windows) == (2, 0, 3, 2)


def test_without_a_base_a_reply_cannot_be_judged() -> None:
    """Nothing came back in the first phase, but later something did."""
    run = record([CLEAN])
    for sample in run["critical"]["robot-control"]["samples"][:20]:
        sample[1] = None
    with pytest.raises(UserError, match="no reply in the first phase 'quiet'"):
        judge(parse(run))


def test_a_run_in_which_everything_was_lost_is_judged() -> None:
    """It needs no base: every window violates."""
    run = record([CLEAN] * 3)
    run["critical"]["robot-control"]["samples"] = [[n / 10, None] for n in range(50)]
    total = judge(parse(run)).total
    assert (total.windows, total.violating_windows, total.longest_violation_s) == (5, 5, 5)
    assert total.critical["robot-control"].loss_ratio == 1.0


def test_a_first_phase_that_is_invalidated_throughout_still_gives_the_base_delay() -> None:
    """Its packets were sent late, but their round trips are what they are."""
    summary = judged([CLEAN, BAD], invalidated_s=[0.0, 1.0])
    assert summary.base_ms == BASE_MS
    assert summary.total.violating_windows == 1

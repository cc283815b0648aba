"""Time to protect, the longest violation, goodput and score."""

from __future__ import annotations

import pytest

from detnet_lab.report.judge import judge
from detnet_lab.report.run_record import parse
from report.records import BAD, CLEAN, SILENT, judged, record


def test_protection_starts_with_the_first_of_five_clean_windows_in_a_row() -> None:
    """Four clean ones are not yet protection."""
    assert judged([BAD, BAD, *[CLEAN] * 4, BAD, *[CLEAN] * 5]).total.protect_s == 7.0


def test_four_clean_windows_at_the_end_are_never() -> None:
    """The run ended before protection was shown."""
    total = judged([BAD, *[CLEAN] * 4]).total
    assert (total.disturbances, total.protect_s) == (1, None)


def test_without_a_disturbance_there_is_nothing_to_protect_from() -> None:
    """Null with no disturbance is not null with one: the count tells them apart."""
    total = judged([CLEAN] * 8, events=[]).total
    assert (total.disturbances, total.protect_s) == (0, None)


def test_protection_is_timed_from_the_disturbance_itself() -> None:
    """It came a little after its phase's nominal start."""
    event = {"at_s": 2.25, "kind": "disturbance", "text": "late start"}
    assert judged([BAD, *[CLEAN] * 5], events=[event]).total.protect_s == pytest.approx(0.75)


def test_a_fault_or_a_disturbance_within_a_phase_does_not_count() -> None:
    """Only a disturbance that begins a phase starts the clock."""
    events = [{"at_s": 2.0, "kind": "fault", "text": "x"}, {"at_s": 4.0, "kind": "disturbance", "text": "y"}]
    assert judged([BAD] * 8, events=events).total.disturbances == 0


def test_the_worst_phase_is_the_total_and_never_is_worse_than_any_number() -> None:
    """One phase that never got protected makes the whole run 'never'."""
    run = record([BAD, *[CLEAN] * 7, *[BAD] * 4])
    run["phases"][1]["end_s"] = 10.0
    run["phases"].append({"name": "drop", "start_s": 10.0, "end_s": 14.0, "title": "less link"})
    run["events"].append({"at_s": 10.0, "kind": "disturbance", "text": "less link"})
    summary = judge(parse(run))
    assert [figures.protect_s for _, figures in summary.phases] == [None, 1.0, None]
    assert (summary.total.disturbances, summary.total.protect_s) == (2, None)


def test_the_longest_violation_spans_a_invalidated_second_within_it() -> None:
    """A second that could not be measured does not end a violation on both its sides."""
    assert judged([BAD, BAD, BAD, CLEAN, BAD], invalidated_s=[3.0]).total.longest_violation_s == 3


def test_available_is_what_the_link_leaves_weighted_by_time() -> None:
    """100 Mbit/s for 4 s, 50 for 6 s, of which the critical traffic takes 20."""
    total = judged([CLEAN] * 8, capacity_bps=[[0.0, 100e6], [4.0, 50e6]]).total
    assert total.available_bps == pytest.approx(50e6)
    assert total.utilisation == pytest.approx(0.8)


def test_a_link_that_leaves_nothing_has_no_utilisation() -> None:
    """A division by zero is no number."""
    total = judged([CLEAN] * 8, capacity_bps=[[0.0, 20e6]]).total
    assert (total.utilisation, total.score) == (None, None)


def test_goodput_in_violating_windows_does_not_score() -> None:
    """Half of the judged windows held the objective, so half of the goodput counts."""
    total = judged([BAD, BAD, SILENT]).total
    assert total.goodput_bps == pytest.approx(40e6)
    assert total.protected_goodput_bps == pytest.approx(20e6)
    assert total.score == pytest.approx(0.25)


def test_a_phase_in_which_best_effort_wants_nothing_does_not_dilute_the_total() -> None:
    """Nobody can use a link by wanting nothing: 8 s at 40 of 80 Mbit/s, after 2 s of silence."""
    changed = record([CLEAN] * 8, quiet_s=2)
    changed["phases"][0]["best_effort"] = False
    changed["best_effort"]["upload"]["goodput_bps"] = [[0.0, 0.0], [2.0, 40e6]]
    summary = judge(parse(changed))
    assert summary.total.utilisation == pytest.approx(0.5)
    assert summary.phases[0][1].utilisation is None

"""When a workload's status is written: on change of substance, at a bounded pace, and not again by the next leader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

from detnet.kubernetes.events.conditions import Condition, WorkloadCondition
from detnet.kubernetes.events.reasons import Subject
from detnet.kubernetes.events.workload_status import LONGEST_SENTENCE, Row, WorkloadStatus
from detnet.kubernetes.objects.workloads import Ref
from detnet.model.rate import Rate

START = datetime(2026, 1, 1, tzinfo=UTC)
REF = Ref("Deployment", "robot-factory", "upload")
SUBJECT = Subject(REF, "uid-1")


def standing(text: str) -> WorkloadCondition:
    """Return a free workload with this cap."""
    return WorkloadCondition(Rate.parse(text), Condition.FREE)


def due(board: WorkloadStatus, now_s: float) -> Row:
    """Return the row that is due, which there must be."""
    row = board.next_due(now_s)
    assert isinstance(row, Row)
    return row


def write(board: WorkloadStatus, now_s: float) -> str | None:
    """Write the row that is due, as the teller does, and return its text."""
    row = due(board, now_s)
    board.tried(row, now_s)
    row.shown = row.wanted
    return row.text


def test_a_sentence_with_its_time_is_written_once() -> None:
    """What does not change is not written again, and its time is that of its beginning."""
    board = WorkloadStatus(30.0)
    board.update("a", [(SUBJECT, standing("80M"))], START)
    board.update("a", [(SUBJECT, standing("80200k"))], START + timedelta(seconds=9))
    assert write(board, 0.0) == "at most 80 Mbit/s, not throttled, since 2026-01-01T00:00:00Z"
    assert board.next_due(0.0) == inf


def test_a_change_waits_its_turn_and_the_last_one_wins() -> None:
    """Changes within the pace are written once, as the last of them; a change that was taken back is not written."""
    board = WorkloadStatus(30.0)
    board.update("a", [(SUBJECT, standing("80M"))], START)
    write(board, 0.0)
    for text in ("40M", "20M"):
        board.update("a", [(SUBJECT, standing(text))], START + timedelta(seconds=7))
    assert board.next_due(10.0) == 20.0
    assert write(board, 30.0) == "at most 20 Mbit/s, not throttled, since 2026-01-01T00:00:07Z"
    for text in ("40M", "20M"):
        board.update("a", [(SUBJECT, standing(text))], START)
    assert board.next_due(99.0) == inf


def test_the_next_leader_takes_over_what_stands_there() -> None:
    """A sentence that says the same already is left alone with its time; another one is replaced."""
    said = "at most 80 Mbit/s, not throttled, since 2025-12-24T08:00:00Z"
    board = WorkloadStatus(30.0)
    board.update("a", [(Subject(REF, "uid-1", said), standing("80M"))], START)
    assert board.next_due(0.0) == inf
    board.update("b", [(Subject(REF, "uid-2", said), standing("70M"))], START)
    assert write(board, 0.0) == "at most 70 Mbit/s, not throttled, since 2026-01-01T00:00:00Z"


def test_who_has_no_cap_any_more_has_no_status() -> None:
    """When the last domain lets go of a workload its annotation is taken away, and what has none needs none."""
    board = WorkloadStatus(30.0)
    board.update("a", [(SUBJECT, standing("80M"))], START)
    board.update("b", [(SUBJECT, standing("20M"))], START)
    assert "100 Mbit/s on 2 nodes" in (write(board, 0.0) or "")
    board.update("a", [], START)
    assert "at most 20 Mbit/s," in (write(board, 30.0) or "")
    board.update("b", [], START)
    assert write(board, 60.0) is None
    board.update("b", [], START)
    assert board._rows == {}


def test_a_long_reason_does_not_make_a_long_annotation() -> None:
    """The sentence and its time fit into what the admission policy allows."""
    board = WorkloadStatus(30.0)
    board.update("a", [(SUBJECT, WorkloadCondition(None, Condition.LEFT_ALONE, "x" * 500))], START)
    text = due(board, 0.0).text
    assert text is not None
    assert LONGEST_SENTENCE < len(text) <= 256

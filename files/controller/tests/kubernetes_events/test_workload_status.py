"""When a workload's status is written: when it changes, at a bounded rate, and not again by the next leader."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import inf

from detnet.kubernetes.caps.proof import Proof
from detnet.kubernetes.events.conditions import Condition, WorkloadCondition
from detnet.kubernetes.events.reasons import Subject
from detnet.kubernetes.events.workload_status import LONGEST_SENTENCE, StatusRow, WorkloadStatus
from detnet.kubernetes.objects.workloads import Ref
from detnet.model.rate import Rate

START = datetime(2026, 1, 1, tzinfo=UTC)
REF = Ref("Deployment", "robot-factory", "upload")
SUBJECT = Subject(REF, "uid-1")


def capped(text: str) -> WorkloadCondition:
    """Return the condition of a workload with this cap, which is proved, not throttled."""
    return WorkloadCondition(Rate.parse(text), Condition.NOT_THROTTLED, proof=Proof.PROVED)


def due(statuses: WorkloadStatus, now_s: float) -> StatusRow:
    """Return the row that is due, which there must be."""
    row = statuses.next_due(now_s)
    assert isinstance(row, StatusRow)
    return row


def write(statuses: WorkloadStatus, now_s: float) -> str | None:
    """Write the row that is due, as the event recorder does, and return its text."""
    row = due(statuses, now_s)
    statuses.tried(row, now_s)
    row.written = row.wanted
    return row.text


def test_a_sentence_with_its_time_is_written_once() -> None:
    """What does not change is not written again, and its time is that of its beginning."""
    statuses = WorkloadStatus(30.0)
    statuses.update("a", [(SUBJECT, capped("80M"))], START)
    statuses.update("a", [(SUBJECT, capped("80200k"))], START + timedelta(seconds=9))
    assert write(statuses, 0.0) == "at most 80 Mbit/s, not throttled, since 2026-01-01T00:00:00Z"
    assert statuses.next_due(0.0) == inf


def test_a_change_waits_its_turn_and_the_last_one_wins() -> None:
    """Changes in quick succession are written once, as the last of them; a change that was undone is not written."""
    statuses = WorkloadStatus(30.0)
    statuses.update("a", [(SUBJECT, capped("80M"))], START)
    write(statuses, 0.0)
    for text in ("40M", "20M"):
        statuses.update("a", [(SUBJECT, capped(text))], START + timedelta(seconds=7))
    assert statuses.next_due(10.0) == 20.0
    assert write(statuses, 30.0) == "at most 20 Mbit/s, not throttled, since 2026-01-01T00:00:07Z"
    for text in ("40M", "20M"):
        statuses.update("a", [(SUBJECT, capped(text))], START)
    assert statuses.next_due(99.0) == inf


def test_the_next_leader_takes_over_the_annotation() -> None:
    """A sentence that says the same already is left alone with its time; another one is replaced."""
    written = "at most 80 Mbit/s, not throttled, since 2025-12-24T08:00:00Z"
    statuses = WorkloadStatus(30.0)
    statuses.update("a", [(Subject(REF, "uid-1", written), capped("80M"))], START)
    assert statuses.next_due(0.0) == inf
    statuses.update("b", [(Subject(REF, "uid-2", written), capped("70M"))], START)
    assert write(statuses, 0.0) == "at most 70 Mbit/s, not throttled, since 2026-01-01T00:00:00Z"


def test_a_workload_without_a_cap_has_no_status() -> None:
    """When the last domain lets go of a workload its annotation is taken away, and what has none needs none."""
    statuses = WorkloadStatus(30.0)
    statuses.update("a", [(SUBJECT, capped("80M"))], START)
    statuses.update("b", [(SUBJECT, capped("20M"))], START)
    assert "100 Mbit/s on 2 nodes" in (write(statuses, 0.0) or "")
    statuses.update("a", [], START)
    assert "at most 20 Mbit/s," in (write(statuses, 30.0) or "")
    statuses.update("b", [], START)
    assert write(statuses, 60.0) is None
    statuses.update("b", [], START)
    assert statuses._rows == {}


def test_a_long_reason_does_not_make_a_long_annotation() -> None:
    """The sentence and its time fit into what the admission policy allows."""
    statuses = WorkloadStatus(30.0)
    statuses.update("a", [(SUBJECT, WorkloadCondition(None, Condition.BLOCKED, "x" * 500))], START)
    text = due(statuses, 0.0).text
    assert text is not None
    assert LONGEST_SENTENCE < len(text) <= 256

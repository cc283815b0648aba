"""Readers get each sample once, with its age, and everything kept when their cursor means nothing."""

from __future__ import annotations

import pytest

from detnet.probe.prober import SampleBuffer

CALM = {"a": False, "b": True}


@pytest.fixture
def kept() -> SampleBuffer:
    """Two paths, three samples, at seconds 100 to 102."""
    kept = SampleBuffer(["a", "b"])
    for index, sent_at_s, rtt_ms in ((0, 100.0, 1.5), (1, 101.0, None), (0, 102.0, 2.5)):
        kept.add(index, sent_at_s, rtt_ms)
    return kept


def test_ages_are_of_the_moment_of_the_answer(kept: SampleBuffer) -> None:
    """A sample's age is the time since it was sent; a lost one has no round trip."""
    answer = kept.after(0, 103.5, CALM)
    assert answer["paths"]["a"] == {"samples": [[3.5, 1.5], [1.5, 2.5]], "invalidated": False}
    assert answer["paths"]["b"] == {"samples": [[2.5, None]], "invalidated": True}


def test_cursor_continues(kept: SampleBuffer) -> None:
    """With the cursor of one answer, the next holds only what is new."""
    cursor = kept.after(0, 103.0, CALM)["cursor"]
    assert kept.after(cursor, 103.0, CALM)["paths"]["a"]["samples"] == []
    kept.add(0, 103.0, 9.0)
    assert kept.after(cursor, 103.0, CALM)["paths"]["a"]["samples"] == [[0.0, 9.0]]


@pytest.mark.parametrize("cursor", [-1, 10**9])
def test_unknown_cursor_answers_everything(kept: SampleBuffer, cursor: int) -> None:
    """A cursor from before our start, or nonsense, loses nothing."""
    assert len(kept.after(cursor, 103.0, CALM)["paths"]["a"]["samples"]) == 2


def test_thirty_seconds_are_kept(kept: SampleBuffer) -> None:
    """Older samples are gone, both for readers and from memory."""
    assert kept.after(0, 131.5, CALM)["paths"]["a"]["samples"] == [[29.5, 2.5]]
    kept.add(0, 131.5, 1.0)
    assert len(kept._kept) == 2


def test_instances_differ() -> None:
    """A reader can see that the prober was restarted."""
    assert SampleBuffer(["a"]).instance != SampleBuffer(["a"]).instance

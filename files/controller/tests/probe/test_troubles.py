"""Trouble is said when it begins and when it ends, not for every packet."""

from __future__ import annotations

from detnet.probe.troubles import QUIET_S, Troubles


def test_one_sentence_at_the_beginning_and_one_at_the_end() -> None:
    """A thousand packets are two sentences, the second with their number."""
    troubles = Troubles()
    said = [sentence for at in range(1000) for sentence in troubles.look({"lost": 5 + at}, at / 100)]
    assert said == ["lost: begins"]
    assert list(troubles.look({"lost": 1004}, 9.99 + QUIET_S / 2)) == []
    assert list(troubles.look({"lost": 1004}, 9.99 + QUIET_S)) == ["lost: over, 1004 times"]
    assert list(troubles.look({"lost": 1004}, 100.0)) == []


def test_trouble_that_returns_is_said_again() -> None:
    """After an end comes a new beginning, counted from there."""
    troubles = Troubles()
    counts = [(1, 0.0), (1, 10.0), (3, 20.0), (3, 30.0)]
    said = [sentence for count, at in counts for sentence in troubles.look({"late": count}, at)]
    assert said == ["late: begins", "late: over, 1 times", "late: begins", "late: over, 2 times"]


def test_nothing_is_said_while_nothing_happens() -> None:
    """Counters that stay at zero are silence."""
    troubles = Troubles()
    assert [list(troubles.look({"lost": 0, "late": 0}, at)) for at in (0.0, 10.0)] == [[], []]

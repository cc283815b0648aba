"""A log folded into episodes loses nothing: every second and every cut is in exactly one of them."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given

from detnet.control.decision import Action
from detnet.timeline.entry import Entry, steps
from detnet.timeline.episodes import State, fold
from timeline.audit_logs import BEGAN
from timeline.entries import logs, passes


@given(log=logs)
def test_every_second_is_in_exactly_one_episode(log: list[Entry]) -> None:
    """Each begins where the one before ended, and the states' seconds add up to the whole."""
    episodes = list(fold(steps(log)))
    at_s = 0.0
    for episode in episodes:
        assert episode.start_s == pytest.approx(at_s, abs=1e-6)
        assert sum(episode.seconds.values()) == pytest.approx(episode.length_s, abs=1e-6)
        at_s += episode.length_s
    assert at_s == pytest.approx(sum(step.length_s for step in steps(log)), abs=1e-6)


@given(log=logs)
def test_no_cut_is_lost(log: list[Entry]) -> None:
    """Nor any other action, error, write or lost line."""
    episodes = list(fold(steps(log)))
    assert sum(episode.passes for episode in episodes) == len(log)
    for action in Action:
        assert sum(e.actions[action.value] for e in episodes) == sum(one.action == action.value for one in log)
    assert sum(e.written for e in episodes) == sum(one.written for one in log)
    assert sum(e.errors for e in episodes) == sum(len(one.errors) for one in log)
    assert sum(e.lost for e in episodes) == sum(one.lost_before for one in log)


@given(log=logs)
def test_every_breach_is_inside_a_breach(log: list[Entry]) -> None:
    """No flicker rule may hide one."""
    for episode in fold(steps(log)):
        assert not episode.seconds[State.BREACHED] or episode.state is State.BREACHED


def test_a_short_breach_is_an_episode() -> None:
    """Half a second of it is news."""
    assert _states(*["waiting"] * 20, "breach", *["waiting"] * 20) == [State.MET, State.BREACHED, State.MET]


def _states(*modes: str, interval_s: float = 0.5) -> list[State]:
    return [each.state for each in fold(steps(passes([(mode, "hold", interval_s, False) for mode in modes])))]


def test_a_flicker_is_no_episode() -> None:
    """Less than five seconds of something else belong to what they interrupt."""
    assert _states(*["waiting"] * 20, *["unresolved"] * 3, *["waiting"] * 20) == [State.MET]
    assert _states(*["breach"], *["settling"] * 2, *["waiting"] * 4, "breach", *["waiting"] * 20) == [
        State.BREACHED,
        State.MET,
    ]


def test_a_silence_is_an_episode_of_its_own() -> None:
    """Nothing is known of it, so it may not count as met."""
    log = passes(
        [("waiting", "hold", 0.5, False)] * 3
        + [("waiting", "hold", 60.0, False)] * 1
        + [("waiting", "hold", 0.5, False)] * 3
    )
    episodes = list(fold(steps(log)))
    assert [e.state for e in episodes] == [State.MET, State.SILENT, State.MET]
    assert episodes[1].length_s == pytest.approx(59.5)


def test_a_restart_begins_an_episode_on_the_wall_clock() -> None:
    """The monotonic clock of another boot says nothing about the time between."""
    before, after = passes([("waiting", "hold", 0.5, False)] * 2), passes([("waiting", "hold", 0.5, False)] * 2)
    moved = [replace(one, at=one.at + timedelta(seconds=5), at_s=one.at_s + 9e6) for one in after]
    episodes = list(fold(steps([*before, *moved])))
    assert [(e.restarted, e.began) for e in episodes] == [(False, BEGAN), (True, BEGAN + timedelta(seconds=5))]
    assert episodes[0].length_s == pytest.approx(5.0)

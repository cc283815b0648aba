"""The stand-in's agent is late, forgets, loses and ignores as the real one was seen to."""

from __future__ import annotations

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.model.rate import Rate
from detnet_lab.testbed.edt.agent import FORGETS_S, LAG_S, Agent

LAG = 0.5


class Pod:
    """Holds a cap as a kernel does: the agent may die."""

    def __init__(self, cap: str | None = None) -> None:
        self.cap = None if cap is None else Rate.parse(cap)

    def read(self) -> Rate | None:
        """Return it."""
        return self.cap

    def set(self, cap: Rate | None) -> None:
        """Replace it."""
        self.cap = cap


class World:
    """One agent over one pod, looked at every 50 ms."""

    def __init__(self, pod: Pod, lag_s: float = LAG) -> None:
        self.pod = pod
        self.now_s = 100.0
        self._lag_s = lag_s
        self.agent = self.started()

    def started(self) -> Agent:
        """Return a new agent, as after a restart."""
        self.agent = Agent({"upload": self.pod}, lambda: self._lag_s)
        return self.agent

    def run(self, annotations: Mapping[str, str], for_s: float) -> str | None:
        """Let time pass under these annotations; return the cap at the end."""
        end_s = self.now_s + for_s
        while self.now_s < end_s - 1e-9:
            self.now_s += 0.05
            self.agent.look(annotations, self.now_s)
        return self.pod.cap.quantity if self.pod.cap else None


@given(st.floats(*LAG_S))
def test_a_change_takes_effect_after_its_lag(lag_s: float) -> None:
    """Neither before nor much after; also the removal of a cap."""
    world = World(Pod(), lag_s)
    assert world.run({"upload": "5M"}, lag_s - 0.06) is None
    assert world.run({"upload": "5M"}, 0.2) == "5M"
    assert world.run({}, lag_s - 0.06) == "5M"
    assert world.run({}, 0.2) is None


def test_the_newest_text_counts_when_the_lag_is_over() -> None:
    """Two changes within one lag are one."""
    world = World(Pod())
    world.run({"upload": "5M"}, LAG / 2)
    assert world.run({"upload": "7M"}, LAG / 2 + 0.1) == "7M"


def test_a_restart_forgets_for_a_second_and_restores() -> None:
    """All caps are gone, then as before, without any lag."""
    world = World(Pod("5M"))
    assert world.run({"upload": "5M"}, FORGETS_S - 0.06) is None
    assert world.run({"upload": "5M"}, 0.2) == "5M"


def test_a_change_during_a_restart_is_lost_until_the_next_one() -> None:
    """The old cap is in force for as long as the text stays."""
    world = World(Pod("5M"))
    world.run({"upload": "40M"}, FORGETS_S + 0.2)
    assert world.run({"upload": "40M"}, 60.0) == "5M"
    assert world.run({"upload": "41M"}, LAG + 0.1) == "41M"


def test_a_first_start_forgets_nothing() -> None:
    """There is no cap in force: only the lag passes."""
    assert World(Pod()).run({"upload": "5M"}, LAG + 0.1) == "5M"


def test_an_agent_that_ignores_enforces_nothing_until_it_enforces() -> None:
    """Whatever the annotations say."""
    world = World(Pod())
    assert world.run({"upload": "5M"}, 1.0) == "5M"
    world.agent.ignore()
    assert world.pod.cap is None
    assert world.run({"upload": "2M"}, 10.0) is None
    world.agent.enforce()
    assert world.run({"upload": "2M"}, LAG + 0.1) == "2M"


@pytest.mark.parametrize("again", [False, True])
def test_an_agent_killed_while_it_ignored_starts_anew(*, again: bool) -> None:
    """No cap is in force, so there is nothing to forget and restore."""
    world = World(Pod())
    world.agent.ignore()
    world.started()
    if again:
        world.started()
    assert world.run({"upload": "2M"}, LAG + 0.1) == "2M"

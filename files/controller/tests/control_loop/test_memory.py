"""What a restarted control loop begins from, and what it keeps."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest

from control.worlds import MBPS
from control_loop.test_pass import Script
from detnet.actuators.dry_run import DryRunActuator
from detnet.control.allocate import Claim
from detnet.control.decision import Mode, Rules, State
from detnet.control.guard import Guard
from detnet.control.learned import Knowledge, Learned
from detnet.control.saved_state import SavedState
from detnet.model.objectives import Objective
from detnet.model.rate import Rate
from detnet.runtime.control_loop import ControlLoop, LoopParts

GUARD = Guard(minimum_bps=5 * MBPS, maximum_bps=100 * MBPS, safe_bps=25 * MBPS)
RULES = Rules((Objective("robot", jitter_ms=2.0),), GUARD, Learned())


@dataclass
class StateStore:
    """A memory that a test fills and reads."""

    known: SavedState | None = None
    kept: list[State] = field(default_factory=list)

    def recall(self, domain: str, rules: Rules) -> SavedState | None:
        """Return what the test put there."""
        return self.known

    def keep(self, domain: str, rules: Rules, state: State) -> None:
        """Note it."""
        self.kept.append(state)


def fresh(store: StateStore, actuator: DryRunActuator) -> tuple[Script, ControlLoop]:
    """Return a control loop that has not made a pass yet."""
    script = Script()
    parts = LoopParts(RULES, (Claim("upload", 5 * MBPS, 100 * MBPS),), script, actuator, script, 0.5, memory=store)
    return script, ControlLoop(parts, clock=script.clock)


@pytest.mark.parametrize(("in_force_mbps", "begins_mbps"), [(None, 40), (20, 20), (60, 60)])
def test_the_cap_in_force_is_where_it_begins_and_memory_only_stands_in(
    in_force_mbps: int | None, begins_mbps: int
) -> None:
    """A remembered budget raises nothing; it keeps a target that lost its cap from running at its maximum."""
    actuator = DryRunActuator(["upload"])
    if in_force_mbps is not None:
        actuator.apply({"upload": Rate(in_force_mbps * MBPS)})
    store = StateStore(SavedState(("robot",), "learned", 40 * MBPS, 90e6, 0.05, counted=True))
    script, loop = fresh(store, actuator)
    script.second_of(0.1)
    assert loop.step().decision.before_bps == begins_mbps * MBPS


def test_what_was_known_comes_back_and_growth_still_waits() -> None:
    """The policy goes on from its capacity, after the recovery of a start."""
    actuator = DryRunActuator(["upload"])
    actuator.apply({"upload": Rate(20 * MBPS)})
    store = StateStore(SavedState(("robot",), "learned", 80 * MBPS, 90e6, 0.01, counted=True))
    script, loop = fresh(store, actuator)
    decisions = []
    for _ in range(12):
        script.second_of(0.1)
        decisions.append(loop.step().decision)
    assert {d.mode for d in decisions[:9]} == {Mode.WAITING}
    assert decisions[0].terms["capacity_bps"] == pytest.approx(90e6, rel=0.05)
    assert decisions[-1].budget_bps > 20 * MBPS


def test_what_is_seen_is_kept_and_blindness_is_not() -> None:
    """A blind loop would make old knowledge young by keeping it."""
    store = StateStore()
    script, loop = fresh(store, DryRunActuator(["upload"]))
    script.second_of(0.1)
    loop.step()
    assert len(store.kept) == 1
    assert isinstance(store.kept[0].memory, Knowledge)
    script.samples = ()
    script.now_s += 5.0
    assert loop.step().decision.mode is Mode.BLIND
    assert len(store.kept) == 1

"""One pass of the control loop: from a reading to caps, and what it survives."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from detnet.actuators.base import ActuationError, Usage
from detnet.actuators.dry_run import DryRunActuator
from detnet.control.allocate import Claim
from detnet.control.decision import Action, Mode, Rules
from detnet.control.guard import Guard
from detnet.control.policies import Aimd
from detnet.model.objectives import Objective
from detnet.model.rate import Rate
from detnet.model.samples import Sample
from detnet.runtime.build import build_write_gate
from detnet.runtime.control_loop import ControlLoop, LoopParts
from detnet.sources.source import Reading, SampleWindow
from detnet.telemetry.passes import Pass

M = 1_000_000


class Script:
    """A clock, a source and a recorder that a test moves by hand."""

    name = "script"

    def __init__(self) -> None:
        self.now_s = 100.0
        self.samples: tuple[Sample, ...] = ()
        self.passes: list[Pass] = []

    def clock(self) -> float:
        """Return the time that the test set."""
        return self.now_s

    def start(self) -> None:
        """Nothing to start."""

    def stop(self) -> None:
        """Nothing to stop."""

    def latest(self) -> Reading:
        """Return what the test put in the slot."""
        return Reading({"robot": SampleWindow(self.samples)}, self.now_s)

    def record(self, one: Pass) -> None:
        """Keep the pass."""
        self.passes.append(one)

    def second_of(self, rtt_ms: float | None) -> None:
        """Let a second go by in which every probe took ``rtt_ms``."""
        self.now_s += 1.0
        fresh = tuple(Sample(self.now_s - 1.0 + i / 50, rtt_ms) for i in range(50))
        self.samples = (*self.samples, *fresh)[-500:]


class Failing(DryRunActuator):
    """A dry run whose kernel says no while ``broken`` is set."""

    broken = False

    def apply(self, caps: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """Refuse while broken."""
        if self.broken:
            raise ActuationError.of({"upload": "the kernel said no"})
        return super().apply(caps)


def _loop(script: Script, actuator: DryRunActuator, **parts: object) -> ControlLoop:
    guard = Guard(minimum_bps=5 * M, maximum_bps=100 * M, safe_bps=25 * M)
    rules = Rules((Objective("robot", jitter_ms=2.0),), guard, Aimd())
    claims = (Claim("upload", 5 * M, 100 * M),)
    return ControlLoop(
        LoopParts(rules, claims, script, actuator, script, 0.5, **parts),  # type: ignore[arg-type]
        clock=script.clock,
    )


def _standby(script: Script, actuator: DryRunActuator, blocked: list[str]) -> ControlLoop:
    """Return a loop that has seen a good second under a cap of 90M and writes nothing until ``blocked`` is empty."""
    actuator.apply({"upload": Rate(90 * M)})
    loop = _loop(script, actuator, blocked_reason=lambda: blocked[0] if blocked else None)
    script.second_of(0.1)
    loop.step()
    return loop


def test_an_uncapped_target_gets_its_maximum_at_once() -> None:
    """A target without a cap is a decision too: nothing runs unlimited under our eyes."""
    script, actuator = Script(), DryRunActuator(["upload"])
    one = _loop(script, actuator).step()
    assert actuator.read() == {"upload": Rate(100 * M)}
    assert one.written == {"upload"}


def test_a_breach_is_cut_in_the_same_pass() -> None:
    """From evidence to the actuator without a further pass."""
    script, actuator = Script(), DryRunActuator(["upload"])
    loop = _loop(script, actuator)
    script.second_of(0.1)
    loop.step()
    script.second_of(9.0)
    one = loop.step()
    assert (one.decision.action, one.decision.mode) == (Action.CUT, Mode.BREACH)
    assert actuator.read() == {"upload": Rate(80 * M)}


def test_a_restart_takes_over_the_cap_in_force_without_a_jump() -> None:
    """The kernel kept the cap; the new process goes on from it."""
    script, actuator = Script(), DryRunActuator(["upload"])
    actuator.apply({"upload": Rate(37 * M)})
    script.second_of(0.1)
    one = _loop(script, actuator).step()
    assert one.decision.budget_bps == 37 * M
    assert one.written == frozenset()


def test_a_failed_write_is_recorded_and_tried_again() -> None:
    """The loop survives the actuator and loses nothing."""
    script, actuator = Script(), Failing(["upload"])
    loop = _loop(script, actuator)
    script.second_of(0.1)
    loop.step()
    actuator.broken = True
    script.second_of(9.0)
    failed = loop.step()
    assert failed.errors == ("target 'upload': the kernel said no",)
    assert (failed.written, actuator.read()) == (frozenset(), {"upload": Rate(100 * M)})
    actuator.broken = False
    script.second_of(0.1)
    assert loop.step().written == {"upload"}
    assert actuator.read() == {"upload": Rate(80 * M)}


def test_a_cap_that_somebody_else_moved_is_put_back() -> None:
    """Drift is seen by reading back, not assumed away."""
    script, actuator = Script(), DryRunActuator(["upload"])
    loop = _loop(script, actuator)
    loop.step()
    actuator.apply({"upload": Rate(60 * M)})
    assert loop.step().written == {"upload"}
    assert actuator.read() == {"upload": Rate(100 * M)}


def test_observe_mode_and_the_kill_switch_change_nothing(tmp_path: Path) -> None:
    """Both decide and record; neither touches a cap, and the switch ends when the file goes."""
    switch = tmp_path / "pause"
    switch.touch()
    for mode, path, reason in (("observe", None, "observe mode"), ("enforce", switch, f"kill switch {switch}")):
        script, actuator = Script(), DryRunActuator(["upload"])
        actuator.apply({"upload": Rate(90 * M)})
        loop = _loop(script, actuator, blocked_reason=build_write_gate(mode, path))
        script.second_of(0.1)
        loop.step()
        script.second_of(9.0)
        one = loop.step()
        assert one.decision.mode is Mode.BREACH
        assert (one.blocked_reason, actuator.read()) == (reason, {"upload": Rate(90 * M)})
    switch.unlink()
    script.second_of(9.0)
    assert loop.step().blocked_reason is None
    assert actuator.read()["upload"] < Rate(90 * M)


def test_who_begins_to_write_in_a_breach_cuts_in_the_first_pass() -> None:
    """A standby's cuts were never made: it waits for none of them, and does not think that they failed."""
    script, actuator, blocked = Script(), DryRunActuator(["upload"]), ["standing by"]
    loop = _standby(script, actuator, blocked)
    for _pass in range(6):
        script.second_of(9.0)
        assert loop.step().decision.mode is Mode.BREACH
    blocked.clear()
    script.second_of(9.0)
    one = loop.step()
    assert (one.decision.mode, one.written) == (Mode.BREACH, {"upload"})
    assert actuator.read()["upload"] == Rate(72 * M)


def test_who_begins_to_write_goes_on_from_the_caps_that_the_last_writer_left() -> None:
    """The leader moved a cap after the standby's last pass: the first decision starts at the new one."""
    script, actuator, blocked = Script(), DryRunActuator(["upload"]), ["standing by"]
    loop = _standby(script, actuator, blocked)
    actuator.apply({"upload": Rate(30 * M)})
    blocked.clear()
    one = loop.step()
    assert (one.decision.before_bps, one.written) == (30 * M, frozenset())
    assert actuator.read() == {"upload": Rate(30 * M)}


class Unread(DryRunActuator):
    """A dry run whose caps cannot be read while ``lost`` is set."""

    lost = False

    def read(self) -> Mapping[str, Rate | None]:
        """Fail while lost."""
        if self.lost:
            raise ActuationError("the caps cannot be read")
        return super().read()


def test_caps_that_cannot_be_read_leave_a_standby_at_the_last_ones_it_saw() -> None:
    """Unread is not uncapped: it would begin from the maximum."""
    script, actuator = Script(), Unread(["upload"])
    loop = _standby(script, actuator, ["standing by"])
    actuator.lost = True
    assert loop.step().decision.before_bps == 90 * M


def test_a_start_writes_nothing_before_it_has_read_the_caps() -> None:
    """It would write the maximum over a cap that it does not know."""
    script, actuator = Script(), Unread(["upload"])
    actuator.apply({"upload": Rate(30 * M)})
    actuator.lost = True
    loop = _loop(script, actuator)
    script.second_of(0.1)
    for _pass in range(3):
        one = loop.step()
        assert (one.written, one.blocked_reason) == (frozenset(), "the caps in force have not been read yet")
    actuator.lost = False
    assert loop.step().decision.before_bps == 30 * M
    assert actuator.read() == {"upload": Rate(30 * M)}


def test_counters_that_cannot_be_read_do_not_stop_the_cut(caplog: pytest.LogCaptureFixture) -> None:
    """Without byte counters the cut starts from the cap."""

    class Uncounted(DryRunActuator):
        def usage(self) -> Usage | None:
            raise ActuationError("the counters cannot be read")

    script, actuator = Script(), Uncounted(["upload"])
    loop = _loop(script, actuator)
    script.second_of(0.1)
    loop.step()
    script.second_of(9.0)
    one = loop.step()
    assert one.errors == ("the counters cannot be read",)
    assert one.decision.action is Action.CUT

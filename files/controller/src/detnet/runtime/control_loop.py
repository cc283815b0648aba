"""The control loop: observe, decide, allocate, actuate, record, in that order and nothing else.

Every pass ends in exactly one decision with its reason. A failure of source or actuator is recorded and counted and
never stops the loop: the kernel (or Cilium) keeps the last cap, and the next pass tries again.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from detnet.actuators.base import ActuationError, Actuator, Usage
from detnet.control.allocate import Claim, allocate, steady
from detnet.control.decide import decide
from detnet.control.decision import Decision, Mode, Observation, Rules, State, Traffic
from detnet.control.demand import Demand
from detnet.control.saved_state import SavedState
from detnet.model.rate import Rate
from detnet.sources.source import Source, evidence_of
from detnet.telemetry.passes import Pass, Recorder

# Two readings closer than this give a rate that is mostly rounding.
_LEAST_SPAN_S = 0.05


class TrafficMeter:
    """Turns byte counts into rates; a count that went back (a new qdisc, a reboot) gives no rate."""

    def __init__(self) -> None:
        self._last: Usage | None = None

    def rates(self, usage: Usage | None) -> Traffic | None:
        """Return the rates in bit/s since the previous reading, or ``None`` when they cannot be known."""
        last, self._last = self._last, usage
        if last is None or usage is None or usage.target_bytes.keys() != last.target_bytes.keys():
            return None
        span_s = usage.read_at_s - last.read_at_s
        moved = {name: count - last.target_bytes[name] for name, count in usage.target_bytes.items()}
        other = usage.other_bytes - last.other_bytes
        if span_s < _LEAST_SPAN_S or other < 0 or any(count < 0 for count in moved.values()):
            return None
        if not other and not any(moved.values()):  # not even a probe went by: the counters stand still
            return None
        return Traffic({name: 8 * count / span_s for name, count in moved.items()}, 8 * other / span_s)


_log = logging.getLogger(__name__)


class Memory(Protocol):
    """What outlives the process."""

    def recall(self, domain: str, rules: Rules) -> SavedState | None:
        """Return what a loop knew, if it may be believed."""

    def keep(self, domain: str, rules: Rules, state: State) -> None:
        """Remember a loop's state; never waits."""


def never_blocked() -> None:
    """Return ``None``: this loop may always write."""


@dataclass(frozen=True, slots=True)
class LoopParts:
    """What a loop is made of; a reload replaces all of it at once.

    ``domain`` names the bottleneck; ``blocked_reason`` says why nothing may be written now, or ``None``; ``memory``
    is what a restart begins from.
    """

    rules: Rules
    claims: Sequence[Claim]
    source: Source
    actuator: Actuator
    recorder: Recorder
    interval_s: float
    domain: str = "all"
    blocked_reason: Callable[[], str | None] = never_blocked
    memory: Memory | None = None

    def start(self) -> None:
        """Begin to measure."""
        self.source.start()

    def close(self) -> None:
        """End the source and let go of the actuator; the caps stay in force."""
        self.source.stop()
        self.actuator.close()


class ControlLoop:
    """One control loop over one bottleneck."""

    def __init__(self, parts: LoopParts, *, clock: Callable[[], float] = time.monotonic) -> None:
        self.parts = parts
        self._clock = clock
        self._meter = TrafficMeter()
        self._state: State | None = None
        self._was_blocked = True  # nothing has been written yet
        self._demand = Demand()

    def start(self) -> None:
        """Begin to measure."""
        self.parts.start()

    def close(self) -> None:
        """End what the loop is made of; the caps stay in force."""
        self.parts.close()

    def run(self, stop: threading.Event, after_pass: Callable[[], None] = lambda: None) -> None:
        """Make passes at a fixed pace until ``stop`` is set."""

        def make_pass() -> float:
            self.step()
            after_pass()
            return self.parts.interval_s

        keep_pace(make_pass, stop, self._clock)

    def step(self) -> Pass:
        """Make one pass."""
        parts, began_s = self.parts, self._clock()
        errors: list[str] = []
        # Before the caps are read: who may write from here on begins from what the last writer left.
        blocked_reason = parts.blocked_reason()
        in_force = self._read(errors)
        if in_force is None and self._was_blocked:
            blocked_reason = blocked_reason or "the caps in force have not been read yet"
        state = self._state
        if state is None or blocked_reason or self._was_blocked:
            state = self._take_over(in_force, began_s)
        self._was_blocked = blocked_reason is not None
        reading = parts.source.latest()
        observation = Observation(evidence_of(reading), self._meter.rates(self._usage(errors)))
        decision, after = decide(parts.rules, state, observation, now_s=self._clock())
        self._state = after if blocked_reason is None else after.not_carried_out(state)
        caps = self._allocate(decision, in_force or {})
        written: frozenset[str] = frozenset()
        if blocked_reason is None and caps != in_force:
            written, in_force = self._apply(caps, in_force or {}, errors)
        one = Pass(
            parts.domain,
            decision,
            caps,
            in_force,
            written,
            blocked_reason,
            tuple(errors),
            reading,
            self._clock() - began_s,
        )
        parts.recorder.record(one)
        # What a blind loop knows must not look fresh, and a breach that is not the network's misleads.
        if parts.memory is not None and decision.mode not in (Mode.BLIND, Mode.NOT_NETWORK):
            parts.memory.keep(parts.domain, parts.rules, self._state)
        return one

    def replace(self, parts: LoopParts) -> None:
        """Go on with a new configuration, from the budget in force; growth waits as after a start."""
        self.parts = parts
        self._meter = TrafficMeter()
        if self._state is not None:
            self._state = State.at(self._clock(), self._state.budget_bps, parts.rules.guard)

    def _take_over(self, in_force: Mapping[str, Rate | None] | None, now_s: float) -> State:
        """Begin from the caps in force, so that a restart does not jump; an uncapped target counts as its maximum."""
        if self._state is not None and in_force is None:
            return self._state
        parts, in_force = self.parts, in_force or {}
        budget_bps = sum((in_force.get(claim.name) or Rate(claim.maximum_bps)).bps for claim in parts.claims)
        guard = parts.rules.guard
        if self._state is not None:
            return self._state.with_budget(guard.bounded(budget_bps))
        known = parts.memory.recall(parts.domain, parts.rules) if parts.memory is not None else None
        if known is None:
            return State.at(now_s, budget_bps, guard)
        if any(in_force.get(claim.name) is None for claim in parts.claims):
            budget_bps = min(budget_bps, known.budget_bps)
        return replace(State.at(now_s, budget_bps, guard), memory=known.knowledge(now_s))

    def _allocate(self, decision: Decision, in_force: Mapping[str, Rate | None]) -> Mapping[str, Rate]:
        traffic = decision.traffic
        rates_bps = {} if traffic is None else traffic.target_bps
        self._demand = self._demand.after(rates_bps, in_force, decision.at_s)
        claims = self._demand.claims(self.parts.claims, in_force)
        return steady(allocate(decision.budget_bps, claims), in_force, decision.budget_bps, claims)

    def _read(self, errors: list[str]) -> Mapping[str, Rate | None] | None:
        try:
            return self.parts.actuator.read()
        except ActuationError as error:
            errors.append(str(error))
            return None

    def _usage(self, errors: list[str]) -> Usage | None:
        try:
            return self.parts.actuator.usage()
        except ActuationError as error:
            errors.append(str(error))
            return None

    def _apply(
        self, caps: Mapping[str, Rate], before: Mapping[str, Rate | None], errors: list[str]
    ) -> tuple[frozenset[str], Mapping[str, Rate | None]]:
        wanted = {name for name, cap in caps.items() if before.get(name) != cap}
        try:
            after = self.parts.actuator.apply(caps)
        except ActuationError as error:
            errors.append(str(error))
            return frozenset(wanted & error.applied.keys()), {**before, **error.applied}
        return frozenset(wanted), {**before, **after}


def keep_pace(make_pass: Callable[[], float], stop: threading.Event, clock: Callable[[], float]) -> None:
    """Call ``make_pass`` until ``stop`` is set, at the interval in s that it returns, or at once if that has passed."""
    due_s = clock()
    while not stop.is_set():
        due_s = max(due_s + make_pass(), clock())
        stop.wait(due_s - clock())

"""Passes of a loop over one node, as the control loop hands them on."""

from __future__ import annotations

from collections.abc import Mapping

from detnet.control.decision import Action, Decision, Mode
from detnet.model.objectives import Objective, judge
from detnet.model.rate import Rate
from detnet.model.signals import Interval, Signal
from detnet.sources.source import Reading
from detnet.telemetry.passes import Pass

TARGET = "robot-factory/deployment/upload"
_OBJECTIVE = Objective("robot-control", latency_ms=10.0)
_MODES = {
    Action.CUT: Mode.BREACH,
    Action.RAISE: Mode.GROWTH,
    Action.HOLD: Mode.WAITING,
    Action.DECAY: Mode.BLIND,
    Action.TRIM: Mode.GROWTH,
}


class Passes:
    """Numbers passes over ``domain``, one second apart."""

    def __init__(self, domain: str = "node-1") -> None:
        self._domain = domain
        self._number = 0

    def make(  # noqa: PLR0913 - what passes differ in
        self,
        action: Action,
        cap: str | None,
        *,
        mode: Mode | None = None,
        targets: tuple[str, ...] = (TARGET,),
        blocked_reason: str | None = None,
        read: bool = True,
        latency_ms: float | None = None,
    ) -> Pass:
        """Return a pass that leaves each target at ``cap``; ``read`` false: the caps in force could not be read."""
        self._number += 1
        latency_ms = latency_ms or (30.0 if action is Action.CUT else 5.0)
        delay = Interval.exactly(latency_ms)
        signal = Signal(measured_at_s=0.0, span_s=1.0, sent=20, latency_ms=delay, jitter_ms=None, loss_ratio=0.0)
        caps = {target: Rate.parse(cap or "1G") for target in targets}
        in_force: Mapping[str, Rate | None] = {**caps} if cap is not None else dict.fromkeys(targets)
        decision = Decision(
            number=self._number,
            at_s=float(self._number),
            action=action,
            mode=mode or _MODES[action],
            policy="learned",
            before_bps=100_000_000,
            budget_bps=100_000_000,
            reason=f"{action.value}: the {self._number}. pass says so",
            findings=judge(_OBJECTIVE, signal, age_s=0.1, fresh_for_s=1.5),
            signals={"robot-control": signal},
            traffic=None,
            terms={},
        )
        reading = Reading(evidence={}, error=None)
        known = in_force if read else None
        return Pass(self._domain, decision, caps, known, frozenset(), blocked_reason, (), reading, 0.001)

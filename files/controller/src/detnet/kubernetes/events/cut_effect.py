"""Whether cuts bring a breach down, which is evidence too where no bytes are counted. Pure: times are the decisions'.

A breach that deep cuts leave as it was has one of two causes: the caps are not in force, or best effort is not what
delays the critical workload. Which of the two, only bytes can tell.
"""

from __future__ import annotations

from dataclasses import dataclass

from detnet.control.decision import Action, Decision
from detnet.model.objectives import Finding, Verdict
from detnet.model.rate import human

# Cuts by half are deep; a full buffer of 200 ms drains within this time behind any of them.
_LEAST_CUTS = 3
_DEEP = 0.25
_DRAINED_S = 5.0
_AS_BAD = 0.8


@dataclass(frozen=True, slots=True)
class CutEffect:
    """The cuts for one critical workload since it was last within its objective: how bad it was, and what they took."""

    workload: str
    stress: float
    before_bps: int
    budget_bps: int
    cuts: int
    last_cut_s: float

    def without_effect(self, decision: Decision) -> str | None:
        """Return one sentence if the cuts have brought nothing, else ``None``."""
        found = _worst(decision)
        deep = self.cuts >= _LEAST_CUTS and self.budget_bps <= _DEEP * self.before_bps
        if found is None or not deep or decision.at_s - self.last_cut_s < _DRAINED_S:
            return None
        if found.workload != self.workload or (found.stress or 0.0) < _AS_BAD * self.stress:
            return None
        cuts = f"{self.cuts} cuts from {human(self.before_bps)} to {human(self.budget_bps)}"
        return (
            f"{cuts} have left {self.workload} as it was, and nothing proves the caps: they may not be in force, "
            "or something else delays it"
        )


def after(known: CutEffect | None, decision: Decision) -> CutEffect | None:
    """Return what is known of the cuts after one more decision; it begins anew once every objective is met."""
    found = _worst(decision)
    if found is None or found.stress is None:
        return None if all(one.verdict is Verdict.MET for one in decision.findings) else known
    if decision.action is not Action.CUT:
        return known
    if known is None or known.workload != found.workload:
        return CutEffect(found.workload, found.stress, decision.before_bps, decision.budget_bps, 1, decision.at_s)
    return CutEffect(
        known.workload,
        known.stress,
        known.before_bps,
        min(known.budget_bps, decision.budget_bps),
        known.cuts + 1,
        decision.at_s,
    )


def _worst(decision: Decision) -> Finding | None:
    breached = [one for one in decision.findings if one.verdict is Verdict.BREACHED]
    return max(breached, key=lambda one: one.stress or 0.0, default=None)

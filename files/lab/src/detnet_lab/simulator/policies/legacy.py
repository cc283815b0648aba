"""The policies of the system's first documents, as their code at each version had them."""

from __future__ import annotations

from dataclasses import dataclass

from detnet_lab.simulator.policies.standalone import MBPS, FormulaInputs


@dataclass(slots=True)
class V1:
    """+10 / -50 Mbit/s on one threshold; no data counts as 0.5 ms, and so as room."""

    assumed_ms: float = 0.5

    def react(self, inputs: FormulaInputs) -> float:
        """Step down above the objective, up below it."""
        jitter_ms = inputs.reading.jitter_ms if inputs.reading else self.assumed_ms
        return inputs.budget_bps + (-50.0 if jitter_ms > inputs.jitter_ms else 10.0) * MBPS


@dataclass(slots=True)
class V2:
    """+15 / -50 / -20 Mbit/s on smoothed jitter and latency; a cycle without data holds.

    The cooldown of 30 s ends with the first cycle that changes nothing, since that too resets its timer: after a
    change one cycle waits and the next may change again.
    """

    threshold_ms: float
    alpha: float = 0.7
    jitter_ms: float | None = None
    latency_ms: float | None = None
    changed: bool = False

    def react(self, inputs: FormulaInputs) -> float:
        """Step by what is smoothed, every other cycle."""
        if inputs.reading is None:
            return inputs.budget_bps
        self.jitter_ms = self._smooth(self.jitter_ms, inputs.reading.jitter_ms)
        self.latency_ms = self._smooth(self.latency_ms, inputs.reading.latency_ms)
        step = 0.0
        if not self.changed:
            step = self._step(self.jitter_ms / self.threshold_ms, self.latency_ms / inputs.latency_ms)
        self.changed = step != 0.0
        return inputs.budget_bps + step * MBPS

    def _smooth(self, before: float | None, now: float) -> float:
        return now if before is None else self.alpha * now + (1.0 - self.alpha) * before

    @staticmethod
    def _step(jitter: float, latency: float) -> float:
        if jitter > 1.0:
            return -50.0
        if latency > 1.0:
            return -20.0
        return 15.0 if max(jitter, latency) < 0.5 else 0.0


@dataclass(slots=True)
class V5:
    """-20 % / +10 Mbit/s with a dead band from half the threshold to the threshold."""

    threshold_ms: float

    def react(self, inputs: FormulaInputs) -> float:
        """Cut by a share, grow by a step."""
        if inputs.reading is None:
            return inputs.budget_bps
        if inputs.reading.jitter_ms > self.threshold_ms:
            return 0.8 * inputs.budget_bps
        return inputs.budget_bps + (10.0 * MBPS if inputs.reading.jitter_ms < 0.5 * self.threshold_ms else 0.0)

"""Baselines from the field, each with its published formula and, for a lost sensor, only its authors' rule."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

from detnet_lab.simulator.policies.standalone import MBPS, FormulaInputs


def _bad(inputs: FormulaInputs) -> bool:
    return inputs.reading is not None and (
        inputs.reading.jitter_ms > inputs.jitter_ms
        or inputs.reading.latency_ms > inputs.latency_ms
        or inputs.reading.loss_ratio > 0.0
    )


@dataclass(slots=True)
class Static:
    """A fixed share of the configured maximum."""

    share: float

    def react(self, inputs: FormulaInputs) -> float:
        """Return the share."""
        return self.share * inputs.maximum_bps


@dataclass(slots=True)
class Aimd:
    """Additive increase, multiplicative decrease (Chiu and Jain 1989), one decrease per reaction time."""

    reaction_s: float = 1.5
    decreased_s: float = float("-inf")

    def react(self, inputs: FormulaInputs) -> float:
        """Give up a fifth or take one step."""
        if inputs.reading is None:
            return inputs.budget_bps
        if not _bad(inputs):
            return inputs.budget_bps + 10.0 * MBPS
        if inputs.now_s - self.decreased_s < self.reaction_s:
            return inputs.budget_bps
        self.decreased_s = inputs.now_s
        return 0.8 * inputs.budget_bps


@dataclass(slots=True)
class ProportionalIntegral:
    """PI on the delay with back-calculation (Astrom and Hagglund): the integral follows what could be spent.

    The setpoint is half the objective. Gains in bit/s per ms and per ms and second, chosen by hand.
    """

    proportional: float = 40.0 * MBPS
    integral: float = 10.0 * MBPS
    level_bps: float | None = None
    last_s: float = 0.0

    def react(self, inputs: FormulaInputs) -> float:
        """Integrate the error and add its proportional part."""
        if self.level_bps is None:
            self.level_bps, self.last_s = inputs.budget_bps, inputs.now_s
        if inputs.reading is None:
            return inputs.budget_bps
        elapsed_s, self.last_s = inputs.now_s - self.last_s, inputs.now_s
        measured_ms = 2.0 * inputs.jitter_ms if inputs.reading.loss_ratio > 0.0 else inputs.reading.jitter_ms
        error_ms = 0.5 * inputs.jitter_ms - max(measured_ms, inputs.reading.jitter_ms)
        self.level_bps += self.integral * error_ms * elapsed_s
        wanted_bps = self.level_bps + self.proportional * min(error_ms, 0.0)
        spent_bps = min(wanted_bps, inputs.maximum_bps)
        if inputs.best_effort_bps is not None:
            spent_bps = min(spent_bps, inputs.best_effort_bps + 100.0 * MBPS)
        self.level_bps += spent_bps - wanted_bps
        return spent_bps


@dataclass(slots=True)
class Swift:
    """Swift's control (Kumar et al., SIGCOMM 2020, section 3.1): additive below the target delay, proportional above.

    The target is half the objective; a decrease at most once a reaction time.
    """

    beta: float = 0.8
    most: float = 0.5
    reaction_s: float = 1.0
    decreased_s: float = float("-inf")

    def react(self, inputs: FormulaInputs) -> float:
        """Grow by a step or shrink in proportion to the excess."""
        if inputs.reading is None:
            return inputs.budget_bps
        target_ms = 0.5 * inputs.jitter_ms
        delay_ms = max(inputs.reading.jitter_ms, 2.0 * inputs.jitter_ms if inputs.reading.loss_ratio > 0.0 else 0.0)
        if delay_ms < target_ms:
            return inputs.budget_bps + 10.0 * MBPS
        if inputs.now_s - self.decreased_s < self.reaction_s:
            return inputs.budget_bps
        self.decreased_s = inputs.now_s
        return inputs.budget_bps * max(1.0 - self.beta * (delay_ms - target_ms) / delay_ms, 1.0 - self.most)


@dataclass(slots=True)
class CakeAutorate:
    """cake-autorate: three bad delays of the last six, a refractory time, growth only under load.

    Down by 1 % to 25 % with the mean excess, up by at most 4 %; after 10 s without a sample the minimum. Its delay
    threshold (30 ms on a home line) is half the objective here.
    """

    recent: deque[float] = field(default_factory=lambda: deque(maxlen=6))
    refractory_s: float = 0.3
    moved_s: float = float("-inf")
    stalled_since_s: float | None = None

    def react(self, inputs: FormulaInputs) -> float:
        """Take one reading in and move at most once per refractory time."""
        if inputs.reading is None:
            self.stalled_since_s = inputs.now_s if self.stalled_since_s is None else self.stalled_since_s
            return 0.0 if inputs.now_s - self.stalled_since_s > 10.0 else inputs.budget_bps
        self.stalled_since_s = None
        threshold_ms = 0.5 * inputs.jitter_ms
        self.recent.append(inputs.reading.jitter_ms)
        bad = sum(delay_ms > threshold_ms for delay_ms in self.recent) >= 3
        if inputs.now_s - self.moved_s < self.refractory_s:
            return inputs.budget_bps
        self.moved_s = inputs.now_s
        if bad:
            excess = (sum(self.recent) / len(self.recent) - threshold_ms) / (3.0 * threshold_ms)
            return inputs.budget_bps * (0.99 - 0.24 * min(max(excess, 0.0), 1.0))
        load = (inputs.best_effort_bps or 0.0) / inputs.budget_bps
        if load <= 0.75:
            return inputs.budget_bps
        worst_ms = max(self.recent)
        return inputs.budget_bps * (1.0 + 0.04 * max(0.0, 1.0 - worst_ms / threshold_ms))


@dataclass(slots=True)
class Volcano:
    """Volcano's network QoS: a low rate while online traffic is above its watermark, else a high one.

    80 % watermark, 40 % high, 10 % low of the annotated bandwidth: the documented defaults.
    """

    def react(self, inputs: FormulaInputs) -> float:
        """Return the high or the low rate."""
        busy = (inputs.other_bps or 0.0) > 0.8 * inputs.maximum_bps
        return (0.1 if busy else 0.4) * inputs.maximum_bps


@dataclass(slots=True)
class Heracles:
    """Heracles' network controller (Lo et al., ISCA 2015, algorithm 4): what the link leaves less 5 % or 10 % of it."""

    share: float = 0.05

    def react(self, inputs: FormulaInputs) -> float:
        """Return the rest of the link."""
        if inputs.other_bps is None:
            return inputs.budget_bps
        link_bps = inputs.maximum_bps
        return link_bps - inputs.other_bps - max(self.share * link_bps, 0.1 * inputs.other_bps)

"""One decision outside the loop, by the loop's own rules: what ``detnet decide`` and the Ansible module ask."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

from ..model.signals import Interval, Signal
from .decide import decide
from .decision import Decision, Evidence, Observation, Rules, State, Traffic
from .windows import BaseDelay


@dataclass(frozen=True, slots=True)
class ManualEvidence:
    """What somebody says of one critical workload: p95 latency and jitter in ms, loss in [0, 1]; ``None``: not said."""

    latency_ms: float | None = None
    jitter_ms: float | None = None
    loss_ratio: float | None = None

    def signal(self, rules: Rules, *, now_s: float) -> Signal:
        """Return it as evidence of this moment, as weighty as a window that just suffices."""
        return Signal(
            measured_at_s=now_s,
            span_s=0.0,
            sent=rules.guard.least_samples,
            latency_ms=None if self.latency_ms is None else Interval.exactly(self.latency_ms),
            jitter_ms=None if self.jitter_ms is None else Interval.exactly(self.jitter_ms),
            loss_ratio=self.loss_ratio,
        )


def decide_once(
    rules: Rules,
    budget_bps: float,
    evidence: Mapping[str, Evidence],
    *,
    now_s: float,
    sending_bps: float | None = None,
) -> Decision:
    """Decide as a loop would that has ``budget_bps`` in force and no past that growth would have to wait for.

    ``sending_bps`` is what best effort sends, where that is counted. The delay of the uncongested path is the least in
    all the samples, also those before the window: one shot has no other history.
    """
    bases = {
        name: BaseDelay().after(samples, now_s) for name, samples in evidence.items() if isinstance(samples, tuple)
    }
    state = replace(State.at(now_s, budget_bps, rules.guard), grow_after_s=now_s, bases=bases)
    traffic = None if sending_bps is None else Traffic({"best effort": sending_bps}, 0.0)
    return decide(rules, state, Observation(evidence, traffic), now_s=now_s)[0]


def has_window(evidence: Evidence, rules: Rules, *, now_s: float) -> bool:
    """Return whether the evidence is a signal, or samples that reach back over (nearly) a whole window."""
    if evidence is None or isinstance(evidence, Signal):
        return evidence is not None
    window_s = rules.guard.window_s
    return bool(evidence) and evidence[0].sent_at_s <= now_s - 0.9 * window_s

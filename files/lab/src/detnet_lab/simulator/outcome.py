"""The judgement of a run on the plant's ground truth, never on what the controller believed (docs/lab/simulator.md)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from detnet_lab.report.judge import Window, longest_violation_s, time_to_protect_s
from detnet_lab.simulator.trace import Trace

WARM_UP_S = 20


@dataclass(frozen=True, slots=True)
class Outcome:
    """The figures of one run. Goodput is best effort's, in bit/s; ``compliant_bps`` counts it only in clean seconds.

    ``protect_s`` is the worst time from a disturbance to the first of five clean seconds in a row, ``None`` when there
    was no disturbance or protection never came; ``writes_per_min`` is per target; ``broken`` counts the
    seconds in which the objective of each critical workload was violated, on any link.
    """

    scenario: str
    policy: str
    plant: str
    seed: int
    windows: int
    violating: int
    longest_run_s: int
    protect_s: float | None
    unprotected: int
    worst_pdv_ms: float
    goodput_bps: float
    compliant_bps: float
    writes_per_min: float
    broken: Mapping[str, int]

    @property
    def violation_ratio(self) -> float:
        """The share of seconds that violate."""
        return self.violating / self.windows


def judge(trace: Trace) -> Outcome:
    """Judge a run; a second violates when it does on any link. The first ``WARM_UP_S`` seconds are left out."""
    seconds = list(zip(*(link.windows for link in trace.links), strict=True))[WARM_UP_S:]
    timeline = [
        Window(
            each[0].start_s, max(w.pdv95_ms for w in each), violates=any(w.violates for w in each), invalidated=False
        )
        for each in seconds
    ]
    goodput = [sum(window.goodput_bps for window in each) for each in seconds]
    clean = [0.0 if window.violates else bps for window, bps in zip(timeline, goodput, strict=True)]
    delays = [time_to_protect_s(timeline, at_s, trace.duration_s) for at_s in trace.disturbances_s]
    known = [delay for delay in delays if delay is not None]
    targets = sum(len(link.targets) for link in trace.links)
    writes = sum(at_s >= WARM_UP_S for link in trace.links for at_s, _ in link.writes)
    return Outcome(
        scenario=trace.scenario,
        policy=trace.policy,
        plant=trace.plant.name,
        seed=trace.seed,
        windows=len(timeline),
        violating=sum(window.violates for window in timeline),
        longest_run_s=longest_violation_s(timeline),
        protect_s=max(known, default=None),
        unprotected=len(delays) - len(known),
        worst_pdv_ms=max(window.p95_ms or 0.0 for window in timeline),
        goodput_bps=sum(goodput) / len(goodput),
        compliant_bps=sum(clean) / len(clean),
        writes_per_min=writes / targets / (len(timeline) / 60.0),
        broken={
            name: sum(any(name in window.broken for window in each) for each in seconds)
            for name in dict.fromkeys(name for link in trace.links for name in link.critical)
        },
    )

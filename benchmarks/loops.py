"""Loops at work, without a network: what the controller computes in a pass, fed with made-up but moving traffic."""

from __future__ import annotations

import math
import time
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random

from detnet.control.allocate import Claim, allocate, steady
from detnet.control.decide import decide
from detnet.control.decision import Observation, Rules, State, Traffic
from detnet.control.demand import Demand
from detnet.control.guard import Guard
from detnet.control.policies import Policy
from detnet.model.objectives import Objective
from detnet.model.rate import Rate
from detnet.model.samples import Sample

INTERVAL_S = 0.5
FULL_AFTER = 130
"""Passes after which every memory is full: the longest reaches back 60 s."""
_CRITICAL = "robot-control"
_LINK_BPS = 1_000_000_000
_PROBE_HZ = 20
_HANDED_S = 3.0


@dataclass(frozen=True, slots=True)
class Cost:
    """What one pass cost, in s of CPU time (others on the machine do not count), by step."""

    decide_s: float
    demand_s: float
    allocate_s: float

    @property
    def total_s(self) -> float:
        """All of it."""
        return self.decide_s + self.demand_s + self.allocate_s


class Loop:
    """One bottleneck's loop: two thirds of its targets send all they may, the others a fifth of it."""

    def __init__(self, policy: Policy, targets: int, number: int) -> None:
        self._random = Random(f"{number} of {targets}")  # noqa: S311 - the same work every time
        self.claims = [Claim(f"target-{number}-{at}", 1_000_000, _LINK_BPS) for at in range(targets)]
        minimum_bps = 1_000_000 * targets
        maximum_bps = max(_LINK_BPS, 4 * minimum_bps)
        guard = Guard(minimum_bps=minimum_bps, maximum_bps=maximum_bps, safe_bps=2 * minimum_bps)
        objective = Objective(_CRITICAL, latency_ms=10.0, jitter_ms=2.0, loss_ratio=0.0)
        self._rules = Rules((objective,), guard, policy)
        self._state = State.at(0.0, maximum_bps // 2, guard)
        self._demand = Demand()
        self.caps: Mapping[str, Rate] = {claim.name: Rate(maximum_bps // 2 // targets) for claim in self.claims}
        self._passes = 0

    def turn(self) -> Cost:
        """Make one pass and return what its steps cost; making the traffic up is not counted."""
        self._passes += 1
        now_s = 1000.0 + INTERVAL_S * self._passes
        observation = Observation({_CRITICAL: self._samples(now_s)}, self._traffic(now_s))
        began_s = time.thread_time()
        decision, self._state = decide(self._rules, self._state, observation, now_s=now_s)
        decided_s = time.thread_time()
        traffic = observation.traffic
        self._demand = self._demand.after({} if traffic is None else traffic.target_bps, self.caps, now_s)
        claims = self._demand.claims(self.claims, self.caps)
        asked_s = time.thread_time()
        self.caps = steady(allocate(decision.budget_bps, claims), self.caps, decision.budget_bps, claims)
        ended_s = time.thread_time()
        return Cost(decided_s - began_s, asked_s - decided_s, ended_s - asked_s)

    def _samples(self, now_s: float) -> tuple[Sample, ...]:
        count = int(_HANDED_S * _PROBE_HZ)
        return tuple(
            Sample(now_s - (count - at) / _PROBE_HZ, 1.0 + 0.3 * self._random.expovariate(1.0)) for at in range(count)
        )

    def _traffic(self, now_s: float) -> Traffic:
        share = 0.3 + 0.2 * math.sin(now_s / 7.0) + 0.02 * self._random.random()
        rates = {
            name: (0.2 if at % 3 == 2 else 0.98 + 0.02 * self._random.random()) * cap.bps
            for at, (name, cap) in enumerate(self.caps.items())
        }
        return Traffic(rates, share * _LINK_BPS)

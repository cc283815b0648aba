"""A test oracle: a second, independent assessment of each pass, and what must follow from it."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from control.sequences import ROBOT, SCANNER
from detnet.control.decision import Decision, Evidence, Mode, Observation
from detnet.control.guard import Guard
from detnet.model.rate import Rate
from detnet.model.samples import Sample
from detnet.model.signals import Signal


def p95(values: list[float]) -> tuple[float, float]:
    """Return the ceil(0.95 n)-th smallest value, twice; where that is the largest, the second largest and it."""
    ordered = sorted(values)
    rank = -(-95 * len(values) // 100)
    return ordered[rank - 2 if rank == len(values) > 1 else rank - 1], ordered[rank - 1]


@dataclass(slots=True)
class Oracle:
    """What is known of one loop without its code."""

    guard: Guard
    now_s: float
    cut_s: float = -math.inf
    settled_s: float = -math.inf
    awaited_bps: int | None = None
    grow_s: float = field(init=False)
    raise_s: float = -math.inf
    cuts: int = 0
    least_s: float = math.inf
    restoring: bool = False
    seen_s: dict[str, float] = field(init=False)
    delays: list[tuple[float, float]] = field(default_factory=list)
    met: list[bool] = field(default_factory=list)
    breached: list[bool] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.grow_s = self.now_s + self.guard.recovery_s
        self.seen_s = {"robot": self.now_s, "scanner": self.now_s}

    def observe(self, observation: Observation, now_s: float) -> None:
        """Assess what the sources say now."""
        if now_s < self.now_s:
            self._shift(now_s - self.now_s)
            self._gap(math.inf)  # a clock that stepped back counts as a gap of any length
        self._await_the_cut(observation, now_s)
        self.now_s = now_s
        robot, scanner = observation.evidence["robot"], observation.evidence["scanner"]
        verdicts = [self._samples(robot), self._signal(scanner)]
        self.met, self.breached = [met for met, _ in verdicts], [breached for _, breached in verdicts]
        age_s = now_s - min(self.seen_s.values())
        if age_s > self.guard.fresh_for_s:
            self._gap(age_s)
            self.restoring, self.least_s = False, math.inf

    def check(self, decision: Decision) -> None:
        """Check a decision against the assessment."""
        guard, now_s, before, after = self.guard, self.now_s, decision.before_bps, decision.budget_bps
        assert guard.minimum_bps <= after <= guard.maximum_bps
        assert Rate.parse(Rate(after).quantity).bps == after
        assert decision.reason.strip()
        assert len(decision.reason.splitlines()) == 1
        assert (decision.mode in (Mode.BREACH, Mode.NOT_NETWORK)) == any(self.breached)
        if all(self.met):
            self.cuts, self.least_s, self.restoring = 0, math.inf, False
        if decision.mode is Mode.NOT_NETWORK:
            self._check_exonerated(before, after)
        elif any(self.breached):
            assert after < before or before == guard.minimum_bps
            if self.restoring:
                self.least_s = math.inf
            self.awaited_bps, self.settled_s, self.restoring = after, math.inf, False
            self.cuts += 1
        if before > 1.1 * guard.minimum_bps and not self.restoring:
            self.least_s = math.inf
        elif any(self.breached):
            self.least_s = min(self.least_s, now_s)
        if any(self.breached):
            self.cut_s = now_s
        if after > before:
            assert all(self.met) or self.restoring
            if all(self.met):
                assert now_s >= max(self.cut_s + guard.cooldown_s, self.grow_s, self.raise_s + guard.raise_every_s)
            assert after - before <= guard.raise_ratio * guard.maximum_bps
            self.raise_s = now_s

    def _check_exonerated(self, before: int, after: int) -> None:
        """Nothing is restored before three cuts and long enough at the least budget; then it comes back in steps."""
        guard = self.guard
        assert self.restoring or (self.cuts >= 3 and self.now_s >= self.least_s + guard.exonerate_after_s)
        assert after <= max(before, min(2 * before, guard.exonerated_share * guard.maximum_bps))
        self.restoring = True

    def _await_the_cut(self, observation: Observation, now_s: float) -> None:
        """A cut is enforced once best effort complies with it, or once ``enforce_s`` is over."""
        if self.awaited_bps is None:
            return
        sending_bps = sum(observation.traffic.target_bps.values()) if observation.traffic else math.nan
        complies = not 0.0 <= sending_bps < math.inf or sending_bps <= 1.1 * self.awaited_bps
        late = now_s - self.cut_s >= self.guard.enforce_s
        if late or complies:
            self.settled_s = (now_s if late else self.now_s) + self.guard.settle_s
            self.awaited_bps = None

    def _gap(self, length_s: float) -> None:
        """Growth waits for as much clean evidence as was missing: at least a window, at most the full recovery."""
        self.grow_s = max(self.grow_s, self.now_s + min(self.guard.recovery_s, max(self.guard.window_s, length_s)))

    def _samples(self, evidence: Evidence) -> tuple[bool, bool]:
        assert isinstance(evidence, tuple)
        now_s, guard = self.now_s, self.guard
        valid = [
            s for s in evidence if -math.inf < s.sent_at_s <= now_s and (s.rtt_ms is None or 0 <= s.rtt_ms < math.inf)
        ]
        self.seen_s["robot"] = max([s.sent_at_s for s in valid], default=self.seen_s["robot"])
        minute_s = now_s // 60.0 * 60.0
        self.delays += [
            (minute_s, s.rtt_ms) for s in valid if s.rtt_ms is not None and s.sent_at_s > now_s - guard.window_s
        ]
        self.delays = [(at_s, delay) for at_s, delay in self.delays if at_s > minute_s - 600.0]
        since_s = now_s - guard.window_s
        since_s = max(since_s, self.settled_s)
        window = [s for s in valid if s.sent_at_s >= since_s]
        if len(window) < guard.least_samples or now_s - self.seen_s["robot"] > guard.fresh_for_s:
            return False, False
        return self._robot(window)

    def _robot(self, window: list[Sample]) -> tuple[bool, bool]:
        delays = [s.rtt_ms for s in window if s.rtt_ms is not None]
        if not delays:
            return False, True
        base_ms = min(delay for _, delay in self.delays)
        lost = (len(window) - len(delays)) / len(window) - (ROBOT.loss_ratio or 0.0)
        least, most = (
            max(tail - (ROBOT.latency_ms or 0.0), max(0.0, tail - base_ms) - (ROBOT.jitter_ms or 0.0), lost)
            for tail in p95(delays)
        )
        return most <= 0.0, least > 0.0

    def _signal(self, evidence: Evidence) -> tuple[bool, bool]:
        guard, limit = self.guard, SCANNER.latency_ms or 0.0
        if not isinstance(evidence, Signal) or not evidence.measured_at_s <= self.now_s:
            return False, False
        self.seen_s["scanner"] = evidence.measured_at_s
        if self.now_s - evidence.measured_at_s > guard.fresh_for_s or evidence.sent < guard.least_samples:
            return False, False
        if evidence.measured_at_s - evidence.span_s < self.settled_s:
            return False, False
        lost, latency = evidence.loss_ratio == 1.0, evidence.latency_ms
        met = latency is not None and latency.high <= limit
        return met and not lost, lost or (latency is not None and latency.low > limit)

    def _shift(self, by_s: float) -> None:
        self.cut_s, self.grow_s, self.raise_s = self.cut_s + by_s, self.grow_s + by_s, self.raise_s + by_s
        self.settled_s, self.now_s, self.least_s = self.settled_s + by_s, self.now_s + by_s, self.least_s + by_s
        self.seen_s = {name: at_s + by_s for name, at_s in self.seen_s.items()}
        self.delays = [(at_s + by_s, delay) for at_s, delay in self.delays]

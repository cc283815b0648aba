"""What a domain's passes mean to the workloads in it: what happened, told once, and how things stand.

A cut and its end are occurrences. Blindness and a cap that nobody enforces last: they are told when they begin and
every ten minutes while they last, so that the Event outlives the hour for which a cluster keeps it.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from detnet.control.decision import Action, Decision, Mode
from detnet.kubernetes.events.reasons import Reason
from detnet.model.objectives import Verdict
from detnet.model.rate import Rate, human
from detnet.telemetry.passes import Pass

REMIND_S = 600.0


class Condition(enum.IntEnum):
    """How a workload stands, the worse the greater."""

    FREE = 0
    THROTTLED = 1
    BLIND = 2
    LEFT_ALONE = 3


@dataclass(frozen=True, slots=True)
class WorkloadCondition:
    """A workload's cap over its pods in one domain (``None``: no cap, or unknown) and why it is that."""

    cap: Rate | None
    mood: Condition
    because: str = ""


@dataclass(frozen=True, slots=True)
class _Cut:
    """The last cut of the budget: caps may reach the pods some passes later."""

    number: int
    reason: str
    because: str


@dataclass(slots=True)
class _Throttle:
    """An episode: from the first cut until the cap is back where it was; ``told`` is the last cut that was told."""

    since_s: float
    level: Rate | None
    because: str
    told: int = 0


@dataclass(frozen=True, slots=True)
class ConditionChange:
    """Something to tell of a target."""

    target: str
    reason: Reason
    message: str


class ConditionTracker:
    """One domain's story so far."""

    def __init__(self, domain: str) -> None:
        self.standings: Mapping[str, WorkloadCondition] = {}
        self._domain = domain
        self._cut: _Cut | None = None
        self._throttles: dict[str, _Throttle] = {}
        self._told_s: dict[tuple[str, Reason], float] = {}

    def after(self, one: Pass, not_enforced: Mapping[str, str]) -> list[ConditionChange]:
        """Take one pass in and return what it gives to tell; ``not_enforced`` says of some targets why not."""
        decision = one.decision
        told: list[ConditionChange] = []
        if one.blocked_reason is None:
            if decision.action is not Action.HOLD:
                cut = decision.action is Action.CUT
                self._cut = _Cut(decision.number, decision.reason, _worst(decision)) if cut else None
            told += self._moved(decision.at_s, one.in_force or {})
            blind = {target: decision.reason for target in one.caps if decision.mode is Mode.BLIND}
            told += self._lasting(Reason.BLIND, blind, decision.at_s)
            mine = {target: why for target, why in not_enforced.items() if target in one.caps}
            told += self._lasting(Reason.NOT_ENFORCED, mine, decision.at_s)
        self._throttles = {target: episode for target, episode in self._throttles.items() if target in one.caps}
        self.standings = {target: self._standing(target, one) for target in one.caps}
        return told

    def _moved(self, now_s: float, in_force: Mapping[str, Rate | None]) -> Iterator[ConditionChange]:
        """Compare the caps that are in force with those of the pass before."""
        for target, cap in in_force.items():
            if cap is None:
                continue
            before = self.standings[target].cap if target in self.standings else None
            if self._cut is not None and (before is None or cap < before):
                throttle = self._throttles.setdefault(target, _Throttle(now_s, before, self._cut.because))
                if throttle.told != self._cut.number:
                    throttle.told, throttle.because = self._cut.number, self._cut.because
                    fall = f"cap {'' if before is None else f'{before} to '}{cap}"
                    yield ConditionChange(target, Reason.THROTTLED, f"{fall} on {self._domain}: {self._cut.reason}")
                continue
            episode = self._throttles.get(target)
            if episode is not None and episode.level is not None and cap >= episode.level:
                del self._throttles[target]
                lasted = f"{now_s - episode.since_s:.0f} s after the first cut for {episode.because}"
                yield ConditionChange(target, Reason.RELEASED, f"cap back at {cap} on {self._domain}, {lasted}")

    def _lasting(self, reason: Reason, targets: Mapping[str, str], now_s: float) -> Iterator[ConditionChange]:
        for target, told_reason in list(self._told_s):
            if told_reason is reason and target not in targets:
                del self._told_s[target, reason]
        for target, why in targets.items():
            if now_s - self._told_s.get((target, reason), -REMIND_S) >= REMIND_S:
                self._told_s[target, reason] = now_s
                yield ConditionChange(target, reason, f"{why} (on {self._domain})")

    def _standing(self, target: str, one: Pass) -> WorkloadCondition:
        before = self.standings.get(target, WorkloadCondition(None, Condition.FREE))
        cap = before.cap if one.in_force is None else one.in_force.get(target)
        if one.blocked_reason is not None:
            return WorkloadCondition(cap, Condition.LEFT_ALONE, one.blocked_reason)
        if one.decision.mode is Mode.BLIND:
            return WorkloadCondition(cap, Condition.BLIND)
        episode = self._throttles.get(target)
        return (
            WorkloadCondition(cap, Condition.FREE)
            if episode is None
            else WorkloadCondition(cap, Condition.THROTTLED, episode.because)
        )


def sentence(standings: Mapping[str, WorkloadCondition]) -> str:
    """Return how a workload stands over its domains, in words that change only when something worth telling does."""
    worst = max(standings.values(), key=lambda one: one.mood)
    caps = [one.cap for one in standings.values() if one.cap is not None]
    where = f" on {len(standings)} nodes" if len(standings) > 1 else ""
    total = f"at most {_rounded(sum(cap.bps for cap in caps))}{where}"
    if len(caps) < len(standings):
        total = f"no cap{where}" if not caps else f"{total}, not everywhere"
    reasons = {
        Condition.FREE: "not throttled",
        Condition.THROTTLED: f"throttled for {worst.because}",
        Condition.BLIND: "no fresh evidence",
        Condition.LEFT_ALONE: f"left alone ({worst.because})",
    }
    return f"{total}, {reasons[worst.mood]}"


def _rounded(bps: int) -> str:
    """Return a rate with two digits: a loop that gives back in small steps is no news with each of them."""
    size = 10 ** max(0, len(str(bps)) - 2)
    return human(round(bps / size) * size)


def _worst(decision: Decision) -> str:
    """Return the critical workload that a cut is for."""
    breached = [finding for finding in decision.findings if finding.verdict is Verdict.BREACHED]
    return max(breached, key=lambda finding: finding.stress or 0.0).workload if breached else "the objectives"

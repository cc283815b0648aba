"""A line of the audit log as a value, and where it stands in time."""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from detnet.model.objectives import Verdict

_SILENCE_S = 10.0
_SILENCE_PASSES = 5.0
_SLOW_START_S = 1.0


@dataclass(frozen=True, slots=True)
class LoggedFinding:
    """A finding as it was logged: a figure of a workload against its limit; ms, or a ratio for loss."""

    workload: str
    figure: str
    high: float | None
    limit: float
    verdict: str
    age_s: float

    @property
    def stress(self) -> float | None:
        """The figure as a multiple of its limit; a limit of zero loss counts any loss twice, as the core does."""
        if self.high is None:
            return None
        return self.high / self.limit if self.limit > 0.0 else 2.0 * (self.high > 0.0)


@dataclass(frozen=True, slots=True)
class Entry:
    """One pass over ``domain`` as it was logged. Rates in bit/s, ``at_s`` in monotonic s; ``written`` counts caps."""

    at: datetime
    domain: str
    number: int
    at_s: float
    action: str
    mode: str
    policy: str
    before_bps: float
    after_bps: float
    reason: str
    findings: tuple[LoggedFinding, ...]
    best_effort_bps: float | None
    other_bps: float | None
    terms: Mapping[str, float]
    caps_bps: Mapping[str, float]
    written: int
    blocked_reason: str | None
    errors: tuple[str, ...]
    source_error: str | None
    lost_before: int

    def worst(self, verdict: Verdict) -> LoggedFinding | None:
        """Return the finding of this verdict that is furthest over its limit; the oldest one when all are blind."""
        found = [finding for finding in self.findings if finding.verdict == verdict.value]
        if verdict is Verdict.BLIND:
            return max(found, key=lambda finding: finding.age_s, default=None)
        return max(found, key=lambda finding: finding.stress or 0.0, default=None)


@dataclass(frozen=True, slots=True)
class Step:
    """A stretch of the log: a pass with the time until the next one, or (no ``entry``) a silence.

    ``start_s`` counts from the first entry. ``restarted`` says that the controller's count of passes began anew.
    """

    entry: Entry | None
    began: datetime
    start_s: float
    length_s: float
    restarted: bool


def parse_time(text: str) -> datetime:
    """Return a time in ISO 8601, in UTC unless it names an offset.

    Raises:
        ValueError: it is none.
    """
    at = datetime.fromisoformat(text)
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def parse(raw: Mapping[str, Any]) -> Entry | None:
    """Return a decoded line as a value; ``None`` when it is no pass of ours."""
    try:
        traffic = raw["traffic"]
        return Entry(
            at=parse_time(raw["time"]),
            domain=str(raw["domain"]),
            number=int(raw["number"]),
            at_s=float(raw["at_s"]),
            action=str(raw["action"]),
            mode=str(raw["mode"]),
            policy=str(raw["policy"]),
            before_bps=float(raw["cap_before_bps"]),
            after_bps=float(raw["cap_after_bps"]),
            reason=str(raw["reason"]),
            findings=tuple(_seen(each) for each in raw["findings"]),
            best_effort_bps=_finite(sum(map(float, traffic["target_bps"].values()))) if traffic else None,
            other_bps=_finite(float(traffic["other_bps"])) if traffic else None,
            terms={str(name): float(value) for name, value in raw["terms"].items()},
            caps_bps={str(name): float(bps) for name, bps in raw["caps_bps"].items()},
            written=len(raw["written"]),
            blocked_reason=raw["blocked_reason"],
            errors=tuple(map(str, raw["errors"])),
            source_error=raw["source_error"],
            lost_before=int(raw.get("lost_before", 0)),
        )
    except (KeyError, TypeError, ValueError, AttributeError):
        return None


def steps(entries: Iterable[Entry]) -> Iterator[Step]:
    """Lay the passes out in time, without gap or overlap: each lasts until the next one, or until a silence begins.

    Time is the controller's monotonic clock, which no correction of the wall clock disturbs; over a restart, after
    which it means something else, it is the wall clock.
    """
    before: Entry | None = None
    start_s, usual_s, restarted = 0.0, _SLOW_START_S, False
    for entry in entries:
        if before is not None:
            anew = entry.number <= before.number
            length_s = entry.at_s - before.at_s
            if anew or not 0.0 <= length_s < math.inf:
                length_s = max(0.0, (entry.at - before.at).total_seconds())
            if length_s > max(_SILENCE_S, _SILENCE_PASSES * usual_s):
                yield Step(before, before.at, start_s, usual_s, restarted)
                yield Step(None, before.at, start_s + usual_s, length_s - usual_s, restarted=False)
            else:
                yield Step(before, before.at, start_s, length_s, restarted)
                usual_s = length_s
            start_s, restarted = start_s + length_s, anew
        before = entry
    if before is not None:
        yield Step(before, before.at, start_s, 0.0, restarted)


def _seen(raw: Mapping[str, Any]) -> LoggedFinding:
    value = raw["value"]
    return LoggedFinding(
        workload=str(raw["workload"]),
        figure=str(raw["figure"]),
        high=None if value is None else float(value["high"]),
        limit=float(raw["limit"]),
        verdict=str(raw["verdict"]),
        age_s=float(raw["age_s"]),
    )


def _finite(bps: float) -> float | None:
    return bps if math.isfinite(bps) else None

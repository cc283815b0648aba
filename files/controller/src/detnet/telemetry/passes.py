"""One pass of a control loop: as it is recorded, and as the audit log shows it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from detnet.control.decision import Decision
from detnet.model.rate import Rate
from detnet.sources.source import Reading
from detnet.telemetry.json_lines import as_entry


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass as it is recorded: over which domain, the decision, what came of it, and how long it took.

    ``caps`` are the caps that the decision asks for; ``in_force`` what the actuator read back (``None``: could not be
    read); ``written`` the targets whose cap this pass changed; ``blocked_reason`` why a wanted change was not made
    (observe mode, kill switch, another leader); ``errors`` what the actuator could not do.
    """

    domain: str
    decision: Decision
    caps: Mapping[str, Rate]
    in_force: Mapping[str, Rate | None] | None
    written: frozenset[str]
    blocked_reason: str | None
    errors: tuple[str, ...]
    reading: Reading
    duration_s: float


class Recorder(Protocol):
    """Where a finished pass goes."""

    def record(self, one: Pass) -> None:
        """Record one pass in metrics, audit log and status."""


def audit_entry(one: Pass) -> Mapping[str, object]:
    """Return the audit log's entry for a pass: the decision with everything it was made from and what came of it."""
    return {
        "domain": one.domain,
        **decision_entry(one.decision),
        "caps_bps": one.caps,
        "in_force_bps": one.in_force,
        "written": sorted(one.written),
        "blocked_reason": one.blocked_reason,
        "errors": one.errors,
        "source_error": one.reading.error,
        "duration_s": one.duration_s,
    }


def decision_entry(decision: Decision) -> dict[str, object]:
    """Return a decision for ``detnet.telemetry.json_lines.encode``; times are monotonic seconds, rates bit/s."""
    entry = as_entry(decision)
    return {"cap_before_bps": entry.pop("before_bps"), "cap_after_bps": entry.pop("budget_bps"), **entry}

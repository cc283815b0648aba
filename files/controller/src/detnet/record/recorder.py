"""Where a finished pass goes: metrics, the audit log, the health answers and systemd's status line."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from detnet.core.decide import Decision, Mode
from detnet.core.objectives import Finding, Verdict
from detnet.record.audit import AuditLog
from detnet.record.lines import as_entry
from detnet.record.metrics import Metrics
from detnet.record.systemd import Notifier
from detnet.record.vitals import Vitals

if TYPE_CHECKING:
    from detnet.daemon import Pass


class Recorder:
    """Records passes; the first one makes the daemon ready in systemd's eyes."""

    def __init__(self, *, metrics: Metrics, audit: AuditLog | None, vitals: Vitals, notifier: Notifier) -> None:
        self._metrics = metrics
        self._audit = audit
        self._vitals = vitals
        self._notifier = notifier
        self._announced = False

    def record(self, one: Pass) -> None:
        """Take one pass in."""
        decision = one.decision
        wanted = {name for name, cap in one.caps.items() if (one.in_force or {}).get(name) != cap}
        self._metrics.record(
            decision,
            caps=one.in_force if one.in_force is not None else {},
            written=one.written,
            failed=wanted if one.held_back is None else (),
            duration_s=one.duration_s,
        )
        if self._audit is not None:
            self._audit.write(audit_entry(one), urgent=decision.mode is Mode.BREACH)
        if any(f.verdict in (Verdict.MET, Verdict.BREACHED) for f in decision.findings):
            self._vitals.began_to_see("evidence is fresh")
        elif decision.mode is Mode.BLIND:
            self._vitals.began_to_see("blind: the budget can only fall")
        self._vitals.cycle_finished()
        if not self._announced:
            self._notifier.ready(decision.reason)
            self._announced = True
        self._notifier.cycle_finished(decision.reason)


def audit_entry(one: Pass) -> Mapping[str, object]:
    """Return the audit log's entry for a pass: the decision with everything it was made from and what came of it."""
    entry = decision_entry(one.decision)
    return {
        **entry,
        "caps_bps": {name: cap.bps for name, cap in one.caps.items()},
        "in_force_bps": None
        if one.in_force is None
        else {name: None if cap is None else cap.bps for name, cap in one.in_force.items()},
        "written": sorted(one.written),
        "held_back": one.held_back,
        "errors": list(one.errors),
        "source_trouble": one.reading.trouble,
        "duration_s": one.duration_s,
    }


def decision_entry(decision: Decision) -> dict[str, object]:
    """Return a decision as plain values; times are monotonic seconds, rates bit/s."""
    return {
        "at_s": decision.at_s,
        "number": decision.number,
        "action": decision.action.value,
        "mode": decision.mode.value,
        "policy": decision.policy,
        "cap_before_bps": decision.before_bps,
        "cap_after_bps": decision.budget_bps,
        "reason": decision.reason,
        "findings": [_finding_entry(finding) for finding in decision.findings],
        "signals": {name: None if s is None else as_entry(s) for name, s in decision.signals.items()},
        "traffic": None if decision.traffic is None else as_entry(decision.traffic),
        "terms": dict(decision.terms),
    }


def _finding_entry(finding: Finding) -> dict[str, object]:
    return {**as_entry(finding), "verdict": finding.verdict.value}

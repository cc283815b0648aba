"""Where a finished pass goes: metrics, the audit log, the health answers and systemd's status line."""

from __future__ import annotations

import logging
import math
from collections.abc import Sequence

from detnet.control.decision import Action, Mode
from detnet.model.objectives import Verdict
from detnet.telemetry.audit import AuditLog
from detnet.telemetry.health import Health
from detnet.telemetry.metrics import Caps, Metrics
from detnet.telemetry.passes import Pass, audit_entry
from detnet.telemetry.sd_notify import Notifier
from detnet.telemetry.state_changes import ProblemLog


class Recorder:
    """Records passes; the first one makes the controller ready in systemd's eyes.

    A pass in which nothing happened gets a line in the audit log only every ``quiet_s`` seconds: the fifty loops of a
    cluster would fill its files within minutes.
    """

    def __init__(
        self,
        *,
        metrics: Metrics,
        audit: AuditLog | None,
        health: Health,
        notifier: Notifier,
        quiet_s: float = 0.0,
    ) -> None:
        self._metrics = metrics
        self._audit = audit
        self._health = health
        self._notifier = notifier
        self._quiet_s = quiet_s
        self._lines: dict[str, tuple[float, Mode]] = {}
        self._announced = False
        self._problems = ProblemLog(logging.getLogger(__name__))

    def record(self, one: Pass) -> None:
        """Record one pass."""
        decision = one.decision
        wanted = {name for name, cap in one.caps.items() if (one.in_force or {}).get(name) != cap}
        # A cap that was handed over is not in force yet: on a cluster the writer counts what fails.
        failed = wanted - one.written if one.blocked_reason is None else set()
        self._metrics.record(
            one.domain, decision, Caps(one.caps, one.in_force, one.written, failed), duration_s=one.duration_s
        )
        if self._audit is not None and self._is_news(one):
            self._audit.write(audit_entry(one), urgent=decision.mode is Mode.BREACH)
        if any(f.verdict in (Verdict.MET, Verdict.BREACHED) for f in decision.findings):
            self._health.began_to_see("evidence is fresh")
        elif decision.mode is Mode.BLIND:
            self._health.began_to_see("blind: the budget can only fall")
        self._health.cycle_finished()
        self._notify_systemd(decision.reason)

    def idle(self, sentence: str, *, ready: bool) -> None:
        """A pass over no domain at all; ``ready``: the cluster is known and has no work."""
        if ready:
            self._health.began_to_see(sentence)
        self._health.cycle_finished()
        self._notify_systemd(sentence)

    def problems(self, sentences: Sequence[str]) -> None:
        """Log each problem when it begins and when it has ended."""
        self._problems.take(sentences)

    def failed(self, domain: str, kind: str) -> None:
        """Count a pass in which something of that ``kind`` could not be worked out."""
        self._metrics.failed(domain, kind)

    def forget(self, domain: str) -> None:
        """Remove what is shown of a domain that is no more."""
        self._metrics.forget(domain)
        self._lines.pop(domain, None)

    def _is_news(self, one: Pass) -> bool:
        decision = one.decision
        at_s, mode = self._lines.get(one.domain, (-math.inf, None))
        happened = decision.action is not Action.HOLD or one.written or one.errors or decision.mode is not mode
        if not happened and decision.at_s - at_s < self._quiet_s:
            return False
        self._lines[one.domain] = (decision.at_s, decision.mode)
        return True

    def _notify_systemd(self, sentence: str) -> None:
        if not self._announced:
            self._notifier.ready(sentence)
            self._announced = True
        self._notifier.cycle_finished(sentence)

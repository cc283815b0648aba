"""Fifty loops that have nothing to do must not push out of the audit log what one of them did."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from detnet.control.decision import Action, Decision, Mode
from detnet.model.rate import Rate
from detnet.sources.source import Reading
from detnet.telemetry.audit import AuditLog
from detnet.telemetry.health import Health
from detnet.telemetry.json_lines import read
from detnet.telemetry.metrics import Metrics
from detnet.telemetry.passes import Pass
from detnet.telemetry.recorder import Recorder
from detnet.telemetry.sd_notify import Notifier

CAPS = {"upload": Rate(10_000_000)}


def test_a_pass_in_which_nothing_happened_is_told_now_and_then(
    tmp_path: Path, metrics: Metrics, decision: Callable[..., Decision]
) -> None:
    """What happened is recorded at once, on every node, and so is each change of mode."""
    audit = AuditLog(tmp_path / "audit.jsonl")
    recorder = Recorder(metrics=metrics, audit=audit, health=Health(period_s=1.0), notifier=Notifier(), quiet_s=5.0)

    def record(at_s: float, domain: str, *, errors: tuple[str, ...] = (), **changes: object) -> None:
        one = decision(at_s=at_s, action=changes.get("action", Action.HOLD), mode=changes.get("mode", Mode.WAITING))
        recorder.record(Pass(domain, one, CAPS, CAPS, frozenset(), None, errors, Reading(), 0.0))

    for tick in range(20):
        record(100.0 + 0.5 * tick, "node-1")
    record(110.0, "node-2")
    record(110.1, "node-2", errors=("refused",))
    record(110.2, "node-2", action=Action.CUT, mode=Mode.BREACH)
    record(110.3, "node-2", mode=Mode.SETTLING)
    record(110.4, "node-2", mode=Mode.SETTLING)
    audit.close()
    recorded = [(entry["domain"], entry["at_s"]) for entry in read(tmp_path / "audit.jsonl")]
    first = [("node-1", 100.0), ("node-1", 105.0)]
    assert recorded == [*first, *(("node-2", at_s) for at_s in (110.0, 110.1, 110.2, 110.3))]

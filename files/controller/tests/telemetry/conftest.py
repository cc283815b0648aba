"""Decisions to record, made by the real core."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from detnet.control.decision import Action, Decision, Mode, Traffic
from detnet.model.objectives import Finding, Objective, judge
from detnet.model.signals import Interval, Signal
from detnet.telemetry.audit import AuditLog
from detnet.telemetry.metrics import Metrics
from detnet.telemetry.state_file import StateFile

OBJECTIVE = Objective("robot-control", latency_ms=10.0, jitter_ms=2.0, loss_ratio=0.01)


def findings(age_s: float = 0.1, jitter_ms: float = 1.0) -> tuple[Finding, ...]:
    """Hold one signal of that age and jitter against the objective."""
    signal = Signal(
        measured_at_s=0.0,
        span_s=1.0,
        sent=20,
        latency_ms=Interval(5.0, float("inf")),
        jitter_ms=Interval.exactly(jitter_ms),
        loss_ratio=0.0,
    )
    return judge(OBJECTIVE, signal, age_s=age_s, fresh_for_s=1.5)


DECISION = Decision(
    number=1,
    at_s=100.0,
    action=Action.HOLD,
    mode=Mode.WAITING,
    policy="graded",
    before_bps=60_000_000,
    budget_bps=50_000_000,
    reason="hold 50 Mbit/s: all met",
    findings=findings(),
    signals={"robot-control": None},
    traffic=Traffic({"telemetry-upload": 40e6}, 20e6),
    terms={"ewma_jitter_ratio": 0.5},
)

Decide = Callable[..., Decision]


@pytest.fixture
def decision() -> Decide:
    """Make a decision that differs from a usual one in what is named."""
    return lambda **changes: replace(DECISION, **changes)


@pytest.fixture
def judged() -> Callable[..., tuple[Finding, ...]]:
    """Make findings of a given age and jitter."""
    return findings


@pytest.fixture
def audit(tmp_path: Path) -> AuditLog:
    """An audit log in a folder that does not exist yet, so that its first lines are lost."""
    return AuditLog(tmp_path / "late" / "audit.jsonl")


@pytest.fixture
def metrics(audit: AuditLog, tmp_path: Path) -> Iterator[Metrics]:
    """Metrics of version 1.2.3 whose wall clock stands still."""
    state = StateFile(tmp_path / "state.json", max_age_s=600.0)
    yield Metrics(version="1.2.3", audit=audit, state=state, wall_s=lambda: 1_800_000_000.5)
    state.close()

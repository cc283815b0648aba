"""Small hand-made records in which every window is known."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from detnet_lab.report.judge import Summary, judge
from detnet_lab.report.run_record import parse

BASE_MS, OBJECTIVE_MS = 1.0, 2.0
CLEAN, BAD, LOST, SILENT = 1.0, 9.0, None, "silent"


def record(windows: Sequence[float | str | None], *, quiet_s: float = 2, **changes: Any) -> dict[str, Any]:
    """Return a record whose windows after a quiet phase hold ten packets each of the given round trip.

    ``SILENT`` is a second in which nothing was sent. The second phase begins with a disturbance.
    """
    seconds = [BASE_MS] * int(quiet_s) + list(windows)
    samples = [[at + n / 10, rtt] for at, rtt in enumerate(seconds) if rtt != SILENT for n in range(10)]
    end_s = float(len(seconds))
    phases = [{"name": "quiet", "start_s": 0.0, "end_s": quiet_s, "title": "nothing competes"}]
    if windows:
        phases.append({"name": "noisy", "start_s": quiet_s, "end_s": end_s, "title": "a neighbour"})
    return {
        "schema": 1, "policy": "aimd", "scenario": "test", "objective_ms": OBJECTIVE_MS, "started_at": "2026-11-22",
        "duration_s": end_s, "link": {"capacity_bps": 100e6, "buffer_ms": 50.0}, "phases": phases,
        "events": [{"at_s": quiet_s, "kind": "disturbance", "text": "the neighbour starts"}],
        "critical": {"robot-control": {"protocol": "udp", "rate_hz": 10, "samples": samples}},
        "best_effort": {"upload": {"goodput_bps": [[0.0, 40e6]], "cap_bps": [[0.0, None]]}},
        "capacity_bps": [[0.0, 100e6]], "critical_bps": [[0.0, 20e6]], "invalidated_s": [], "decisions": [],
    } | changes  # fmt: skip


def judged(windows: Sequence[float | str | None], **changes: Any) -> Summary:
    """Return the judgement of such a record."""
    return judge(parse(record(windows, **changes)))

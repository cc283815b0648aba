"""Invented but plausible lab runs: a fluid queue in front of one link, best effort that fills its cap, a simple policy.

``python synthetic.py OUT`` writes the reports of all of them, to be looked at.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

MBIT = 1_000_000
STEP_S = 0.01


@dataclass
class Plant:
    """The state of the fluid queue; rates in Mbit/s, the queue in ms of the link's time."""

    cap: float | None
    queue_ms: float = 0.0
    goodput: float = 0.0
    worst_ms: float = 0.0


@dataclass
class Scenario:
    """What happens when: capacity and best effort's demand in Mbit/s from a time on, and phases with their titles."""

    duration_s: float = 90.0
    capacity: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 100.0), (45.0, 60.0), (70.0, 100.0)])
    demand: list[tuple[float, float]] = field(default_factory=lambda: [(0.0, 0.0), (15.0, 1000.0)])
    phases: list[tuple[float, str, str]] = field(
        default_factory=lambda: [
            (0.0, "quiet", "nothing competes"),
            (15.0, "neighbour", "telemetry-upload sends all it can"),
            (45.0, "drop", "the link loses 40 %"),
            (70.0, "return", "full capacity again"),
        ]
    )


def _at(steps: list[tuple[float, float]], now_s: float) -> float:
    return [value for at_s, value in steps if at_s <= now_s][-1]


def _decide(policy: str, plant: Plant, now_s: float, objective_ms: float) -> dict[str, Any]:
    before = plant.cap
    action, reason = "hold", f"p95 {plant.worst_ms:.2f} ms is inside {objective_ms:g} ms and the cap at its end"
    if policy not in {"none", "static"} and plant.cap is not None:
        step = {"steps": (10.0, 50.0), "graded": (15.0, 50.0)}.get(policy)
        if plant.worst_ms > objective_ms:
            cut = plant.cap - step[1] if step else plant.cap * 0.8
            plant.cap, action = max(5.0, cut), "cut"
            reason = f"p95 {plant.worst_ms:.2f} ms breaches the objective of {objective_ms:g} ms"
        elif plant.cap < 95 and plant.worst_ms < objective_ms / 2:
            plant.cap, action = min(95.0, plant.cap + (step[0] / 4 if step else 2.0)), "raise"
            reason = f"p95 {plant.worst_ms:.2f} ms leaves room"
    plant.worst_ms = 0.0
    bps = [None if cap is None else cap * MBIT for cap in (before, plant.cap)]
    return {
        "at_s": round(now_s, 2), "action": action, "mode": "growth",
        "cap_before_bps": bps[0], "cap_after_bps": bps[1], "reason": reason,
    }  # fmt: skip


def record(
    policy: str = "aimd", scenario: Scenario | None = None, *, seed: int = 1, lost: float = 0.0
) -> dict[str, Any]:
    """Return the ``run.json`` of one invented run; ``lost`` is the share of the critical packets that never return."""
    scenario, rng, objective_ms, critical = scenario or Scenario(), random.Random(1), 2.0, 4.0
    plant = Plant(cap={"none": None, "static": 50.0}.get(policy, 40.0))
    samples: list[list[float | None]] = []
    slow: list[list[float | None]] = []
    upload: list[list[float]] = []
    dashboard: list[list[float]] = []
    caps: list[list[float | None]] = []
    decisions = []
    for tick in range(int(scenario.duration_s / STEP_S)):
        now_s = round(tick * STEP_S, 2)
        capacity, demand = _at(scenario.capacity, now_s), _at(scenario.demand, now_s)
        erp = min(demand, 2.0 + rng.random())
        sent = min(demand, (plant.cap or capacity * 1.05) - erp)
        plant.goodput = min(max(sent, 0.0), capacity - critical - erp)
        plant.queue_ms = min(
            50.0, max(0.0, plant.queue_ms + (sent + erp + critical - capacity) / capacity * 1000 * STEP_S)
        )
        rtt_ms = 0.08 + rng.gammavariate(2, 0.03) + plant.queue_ms * rng.uniform(0.85, 1.0) + rng.paretovariate(3) / 50
        samples.append([now_s, None if rng.random() < lost else round(rtt_ms, 3)])
        plant.worst_ms = max(plant.worst_ms, rtt_ms)
        if tick % 10 == 0:
            slow.append([now_s, round(rtt_ms * 1.5 + 0.3, 3)])
        if tick % 50 == 0:
            upload.append([now_s, round(plant.goodput * MBIT * rng.uniform(0.97, 1.0))])
            dashboard.append([now_s, round(erp * MBIT)])
            decisions.append(_decide(policy, plant, now_s, objective_ms))
            caps.append([now_s, None if plant.cap is None else plant.cap * MBIT])
    ends = [phase[0] for phase in scenario.phases[1:]] + [scenario.duration_s]
    return {
        "schema": 1, "policy": policy, "scenario": "noisy-neighbour", "objective_ms": objective_ms,
        "started_at": "2026-11-22T10:00:00+00:00", "duration_s": scenario.duration_s,
        "link": {"capacity_bps": 100 * MBIT, "buffer_ms": 50.0},
        "phases": [
            {"name": name, "start_s": start_s, "end_s": end_s, "title": title}
            for (start_s, name, title), end_s in zip(scenario.phases, ends, strict=True)
        ],
        "events": [
            {"at_s": at_s, "kind": "disturbance", "text": f"{title} begins"} for at_s, _, title in scenario.phases[1:]
        ],
        "critical": {
            "robot-control": {"protocol": "udp", "rate_hz": 100, "samples": samples},
            "safety-scanner": {"protocol": "tcp", "rate_hz": 10, "samples": slow},
            "robot-factory": {"protocol": "http", "rate_hz": 10, "samples": slow},
        },
        "best_effort": {
            "telemetry-upload": {"goodput_bps": upload, "cap_bps": caps},
            "erp-dashboard": {"goodput_bps": dashboard, "cap_bps": [[0.0, 5.0 * MBIT if policy != "none" else None]]},
        },
        "capacity_bps": [[at_s, value * MBIT] for at_s, value in scenario.capacity],
        "critical_bps": [[0.0, critical * MBIT]],
        "invalidated_s": [],
        "decisions": decisions,
    }  # fmt: skip


def extremes() -> dict[str, dict[str, Any]]:
    """Return runs at the edges of what a report must show."""
    ten = [(9.0 * n, f"phase-{n}", f"number {n}: a long title of what is tried here and why") for n in range(10)]
    blind = record()
    for decision in blind["decisions"][60:90]:
        decision |= {"mode": "blind", "action": "hold" if decision["at_s"] < 37 else "decay"}
    blind["invalidated_s"] = [20, 21, 50]
    blind["events"] += [
        {"at_s": 30.0, "kind": "fault", "text": "probe stopped"},
        {"at_s": 45.2, "kind": "note", "text": "operator looks at the dashboard"},
    ]
    idle = record(scenario=Scenario(demand=[(0.0, 0.0)]))
    idle["best_effort"] = {}
    return {
        "aimd": record(), "steps": record("steps"), "graded": record("graded"), "none": record("none"),
        "static": record("static"), "all-lost": record(lost=1.0), "lossy": record(lost=0.03), "idle": idle,
        "long": record(scenario=Scenario(duration_s=600.0)), "ten-phases": record(scenario=Scenario(phases=ten)),
        "one-phase": record(scenario=Scenario(phases=[(0.0, "quiet", "nothing competes")])), "blind": blind,
        "short": record(scenario=Scenario(duration_s=6.0, phases=[(0.0, "quiet", "nothing competes")])),
    }  # fmt: skip

"""What was seen in a run: series by the lab's own clock, the applications' samples, the controller's decisions."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from detnet.control.windows import percentile
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.lab_workloads import CRITICAL
from detnet_lab.testbed.network import Received
from detnet_lab.testbed.testbed_scenario import LATE_LIMIT_MS, OBJECTIVE_MS, RunSpec


class Tail:
    """Reads the whole lines that a growing file of JSON lines has got since the last call."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._read = 0

    def new(self) -> Iterator[dict[str, Any]]:
        """Yield the new lines; one that is still being written waits for the next call."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            file.seek(self._read)
            for line in file:
                if not line.endswith(b"\n"):
                    return
                self._read += len(line)
                yield json.loads(line)


@dataclass(slots=True)
class Recorder:
    """Collects one run; all times are seconds since ``zero_s`` on the monotonic clock, rates bit/s."""

    spec: RunSpec
    zero_s: float
    samples: dict[str, Tail]
    audit: Tail
    effects: Tail
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    capacity_bps: list[tuple[float, float]] = field(default_factory=list)
    critical_bps: list[tuple[float, float]] = field(default_factory=list)
    goodput_bps: dict[str, list[tuple[float, float]]] = field(
        default_factory=lambda: {name: [] for name in at.WORKLOADS}
    )
    cap_bps: dict[str, list[tuple[float, float | None]]] = field(
        default_factory=lambda: {name: [] for name in at.WORKLOADS}
    )
    rtts_ms: dict[str, list[tuple[float, float | None]]] = field(
        default_factory=lambda: {name: [] for name in CRITICAL}
    )
    enforced_bps: dict[str, list[tuple[float, float | None]]] = field(
        default_factory=lambda: {name: [] for name in at.WORKLOADS}
    )
    late_ms: dict[int, list[float]] = field(default_factory=lambda: defaultdict(list))
    decisions: list[dict[str, Any]] = field(default_factory=list)
    events: list[dict[str, Any]] = field(default_factory=list)
    _last: tuple[float, Received] | None = None

    def traffic(self, now_s: float, received: Received) -> None:
        """Turn counters into rates; each point stands for the time up to the next one, as a step."""
        if self._last:
            before_s, before = self._last
            per_s = 8 / (now_s - before_s)
            for name, size in received.payload_bytes.items():
                self.goodput_bps[name].append((self.at(before_s), (size - before.payload_bytes[name]) * per_s))
            used = (received.critical_bytes - before.critical_bytes) * per_s
            self.critical_bps.append((self.at(before_s), max(0.0, used)))
        self._last = (now_s, received)

    def catch_up(self) -> None:
        """Read what the applications and the controller have written since the last call."""
        for name, tail in self.samples.items():
            for line in tail.new():
                at_s = self.at(line["sent_at_s"])
                if at_s < 0:
                    continue
                self.rtts_ms[name].append((at_s, line["rtt_ms"]))
                if name == "robot-control":
                    self.late_ms[int(at_s)].append(line["late_ms"])
        for line in self.audit.new():
            self._decision(line)
        for line in self.effects.new():
            self.enforced_bps[line["pod"]].append((self.at(line["at_s"]), line["cap_bps"]))

    def event(self, now_s: float, kind: str, text: str) -> None:
        """Note what was done to the system."""
        self.events.append({"at_s": self.at(now_s), "kind": kind, "text": text})

    def at(self, monotonic_s: float) -> float:
        """Return the run's time."""
        return round(monotonic_s - self.zero_s, 6)

    def _decision(self, line: Mapping[str, Any]) -> None:
        at_s = self.at(line["at_s"])
        if at_s < 0:
            return
        kept = {key: line[key] for key in ("action", "mode", "cap_before_bps", "cap_after_bps", "reason")}
        self.decisions.append({"at_s": at_s, **kept})
        for name, cap_bps in (line["in_force_bps"] or {}).items():
            self.cap_bps[name].append((at_s, cap_bps))

    def to_json(self, duration_s: float) -> dict[str, Any]:
        """Return ``run.json``."""
        ends, phases, sending = 0.0, [], set[str]()
        for phase in self.spec.scenario.phases:
            begins, ends = ends, round(ends + phase.duration_s, 6)
            sending = (sending | set(phase.start)) - set(phase.stop)
            named = {"name": phase.name, "start_s": begins, "end_s": ends, "title": phase.title}
            phases.append({**named, "best_effort": not sending.isdisjoint(at.WORKLOADS)})
        return {
            "schema": 1,
            "policy": self.spec.policy,
            "scenario": self.spec.scenario.name,
            "enforcer": self.spec.enforcer,
            "burst": self.spec.burst,
            "ip_family": self.spec.ip_family,
            "objective_ms": OBJECTIVE_MS,
            "started_at": self.started_at.isoformat(timespec="milliseconds"),
            "duration_s": duration_s,
            "link": {"capacity_bps": self.spec.link.capacity_bps, "buffer_ms": self.spec.link.buffer_ms},
            "phases": phases,
            "events": self.events,
            "critical": {
                name: {"protocol": protocol, "rate_hz": rate_hz, "samples": sorted(self.rtts_ms[name], key=_time)}
                for name, (protocol, rate_hz) in CRITICAL.items()
            },
            "best_effort": {
                name: {"goodput_bps": self.goodput_bps[name], "cap_bps": self.cap_bps[name]} for name in at.WORKLOADS
            },
            "enforced_bps": self.enforced_bps,
            "capacity_bps": self.capacity_bps,
            "critical_bps": self.critical_bps,
            "invalidated_s": [float(at_s) for at_s, late_ms in self.late_ms.items() if _invalidated(late_ms)],
            "decisions": self.decisions,
        }


def _invalidated(late_ms: list[float]) -> bool:
    """Tell whether a second's samples were sent so late that the same delay at the answer could break the objective."""
    return percentile(sorted(late_ms), 0.95) > LATE_LIMIT_MS


def _time(sample: tuple[float, float | None]) -> float:
    return sample[0]

"""An hour of hostile tenants against the controller's side of a cluster, in simulated time.

    PYTHONPATH=tests:files/controller/tests python -m benchmarks.hostile_churn --seconds 3600

Five tenants own 500 pods beside a well-formed workload, the victim. They edit labels and annotations, roll out, and
make objects that the API server refuses, fails or hangs on; now and then it fails as a whole. The product's own
parts run: what is kept of objects, targets, domains, allocation, planner, write queue and problem log. The decision is
a script: every 20 s all budgets are cut. What is measured is the victim's: how late its cuts begin while the server
answers others, and how long a pod of it is without a cap.
"""

from __future__ import annotations

import heapq
import itertools
import logging
import random
import resource
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from detnet.control.allocate import allocate
from detnet.kubernetes.caps.domains import Critical, group
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.caps.planner import cap_of, on_pods, stale_caps
from detnet.kubernetes.caps.work_queue import Failure, RateLimits, WorkQueue
from detnet.kubernetes.objects.faults import Faults
from detnet.kubernetes.objects.patches import PendingPatch
from detnet.kubernetes.objects.targets import Bounds, find
from detnet.kubernetes.objects.workloads import Pod, pod_of, workload_of
from detnet.model.annotations import CLASS, CRITICAL, EGRESS, MAXIMUM, MINIMUM, PAUSE, WEIGHT, patched
from detnet.model.rate import Rate
from detnet.telemetry.state_changes import ProblemLog
from detnet_lab.report.output_files import write_whole

PASS_S, CUT_EVERY_S, REQUEST_S, WORKERS = 0.5, 20.0, 3.0, 8
NODES = ("node-1", "node-2", "node-3", "node-4")
TENANTS = tuple(f"tenant-{number}" for number in range(5))
VICTIM = "victim"
DEFAULTS = Bounds(Rate(2_000_000), Rate(1_000_000_000))
PLAN = Plan(("factory",), (Critical("robot", "factory", "robot", frozenset(NODES)),), found=DEFAULTS)
TEXTS = ("1T", "10T", "-1", "nan", "true", "\x1b[2J", "9" * 100_000, "1e99", "10m", "")


@dataclass(slots=True)
class Figures:
    """The victim's, in seconds, and what it cost; ``passes`` is how often everything was decided."""

    passes: int = 0
    cuts: int = 0
    latest_cut_s: float = 0.0
    longest_uncapped_s: float = 0.0
    log_lines: int = 0
    refused: int = 0
    faults: int = 0
    memory_mib: list[float] = field(default_factory=list)


class Cluster:
    """The objects, and an API server that some of them break; a pod ``behaves`` as its tenant made it."""

    def __init__(self, chance: random.Random) -> None:
        self.chance = chance
        self.number = 0
        self.pods: dict[str, Pod] = {}
        self.behaves: dict[str, str] = {}
        self.bound_s: dict[str, float] = {}
        self.workloads = {name: self._deployment(name, {}, {CLASS: "best-effort"}) for name in (*TENANTS, VICTIM)}
        self.outage_until_s = 0.0
        self.outage_s: list[tuple[float, float]] = []
        for name in TENANTS:
            for _pod in range(100):
                self.create(name, 0.0)
        for _pod in range(8):
            self.create(VICTIM, 0.0)

    def _deployment(self, name: str, annotations: dict[str, str], labels: dict[str, str]) -> Any:
        metadata = {"name": name, "namespace": "factory", "uid": name, "resourceVersion": "1"}
        raw = {"metadata": {**metadata, "annotations": annotations, "labels": labels}, "spec": {"template": {}}}
        return workload_of(raw, "Deployment")

    def create(self, owner: str, now_s: float, annotations: dict[str, str] | None = None) -> str:
        """Bind a new pod of a workload to a node."""
        self.number += 1
        key = f"factory/{owner}-{self.number}"
        node = NODES[self.number % len(NODES)]
        self.behaves[key] = (
            "well"
            if owner == VICTIM
            else self.chance.choices(["well", "refused", "fails", "hangs"], [60, 25, 10, 5])[0]
        )
        self.bound_s[key] = now_s
        self.put(key, owner, node, annotations or {}, {})
        return key

    def put(self, key: str, owner: str, node: str, annotations: dict[str, str], labels: dict[str, str]) -> None:
        """Store a pod as the controller reads it."""
        metadata = {
            "name": key.partition("/")[2], "namespace": "factory", "uid": key, "resourceVersion": "1",
            "annotations": annotations, "labels": {**labels, "pod-template-hash": "x"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": f"{owner}-x", "controller": True}],
        }  # fmt: skip
        phase = self.chance.choice(["Running", "Running", "Running", "Pending"])
        self.pods[key] = pod_of({"metadata": metadata, "spec": {"nodeName": node}, "status": {"phase": phase}})

    def misbehave(self, now_s: float) -> None:
        """Let tenants do something, and the server have a bad time."""
        chance = self.chance
        for _action in range(4):
            tenant = chance.choice(TENANTS)
            what = chance.random()
            if what < 0.4:
                keys = chance.sample([MINIMUM, MAXIMUM, WEIGHT, PAUSE], 2)
                role = chance.choice(["best-effort", "best-effort", CRITICAL, "Critical"])
                written = {key: chance.choice(TEXTS) + str(self.number % 1000) * (key == WEIGHT) for key in keys}
                self.workloads[tenant] = self._deployment(tenant, written, {CLASS: role})
            else:
                self._roll_out(tenant, now_s)
        if chance.random() < 0.02:
            self._roll_out(VICTIM, now_s)
        if now_s > self.outage_until_s + 30.0 and chance.random() < 0.004:
            self.outage_until_s = now_s + chance.uniform(2.0, 15.0)
            self.outage_s.append((now_s, self.outage_until_s))

    def _roll_out(self, owner: str, now_s: float) -> None:
        own = [key for key, pod in self.pods.items() if pod.workload.name == owner]
        old = self.chance.choice(own)
        del self.pods[old], self.behaves[old], self.bound_s[old]
        text = {} if owner == VICTIM else {EGRESS: self.chance.choice(TEXTS)}
        self.create(owner, now_s, text)

    def down(self, since_s: float, until_s: float) -> bool:
        """Whether the server failed as a whole at some moment of a span, or in the second before it."""
        return any(begin - 1.0 <= until_s and since_s <= end + 1.0 for begin, end in self.outage_s[-3:])


class Run:
    """The controller's side, on the clock of the simulation."""

    def __init__(self, seed: int) -> None:
        self.now_s = 0.0
        self.cluster = Cluster(random.Random(seed))  # noqa: S311 - load
        self.figures = Figures()
        self.queue = WorkQueue(RateLimits(), random.Random(seed).random, WORKERS)  # noqa: S311 - load
        self.asked_s: dict[str, float] = {}
        self._ends: list[tuple[float, int, PendingPatch, Failure | None]] = []
        self._order = itertools.count()
        self._refused: set[str] = set()
        logger = logging.getLogger("benchmarks.hostile_churn")
        logger.propagate, logger.handlers = False, [_Counting(self.figures)]
        self._problems = ProblemLog(logger, now_s=lambda: self.now_s)

    def run(self, seconds: float) -> Figures:
        """Let time pass."""
        while self.now_s < seconds:
            if self.figures.passes % max(1, round(seconds / PASS_S / 8)) == 0:
                self.figures.memory_mib.append(_memory_mib())
            self._pass()
            self._write_until(self.now_s + PASS_S)
        return self.figures

    def _pass(self) -> None:
        cluster, now_s = self.cluster, self.now_s
        cluster.misbehave(now_s)
        pods = list(cluster.pods.values())
        roster = find({}, {("factory", "robot")}, cluster.workloads.values(), pods, defaults=DEFAULTS)
        refused = {
            key
            for key in self._refused
            if key in cluster.pods and cap_of(cluster.pods[key].annotations, EGRESS) is None
        }
        cut = now_s % CUT_EVERY_S < PASS_S
        budget_bps = 60_000_000 if now_s % CUT_EVERY_S < CUT_EVERY_S / 2 else 400_000_000
        faults = Faults()
        wanted: list[PendingPatch] = list(stale_caps(PLAN, roster, cluster.workloads.values(), pods, faults))
        grouping = group(roster, PLAN.critical, pods, refused=refused)
        for domain in grouping.domains:
            caps = allocate(budget_bps, domain.claims)
            for target, keys in domain.pods.items():
                wanted += on_pods(PLAN, caps[target], [cluster.pods[key] for key in keys], sharp=cut)
        for pending in wanted:
            key = f"factory/{pending.ref.name}"
            if pending.urgent and pending.ref.name.startswith(VICTIM):
                self.asked_s.setdefault(key, now_s)
            self.queue.put(pending, now_s)
        self._problems.take(roster.problems)
        self.figures.faults += len({*roster.faults, *grouping.faults, *faults.found})
        self.figures.passes += 1
        self.figures.refused = max(self.figures.refused, len(refused))
        for key, pod in cluster.pods.items():
            if pod.workload.name == VICTIM and cap_of(pod.annotations, EGRESS) is None:
                since_s = cluster.bound_s[key]
                if not cluster.down(since_s, now_s):
                    self.figures.longest_uncapped_s = max(self.figures.longest_uncapped_s, now_s - since_s)

    def _write_until(self, end_s: float) -> None:
        while True:
            while len(self._ends) < WORKERS and (pending := self.queue.take(self.now_s)) is not None:
                self._begin(pending)
            wait_s = self.queue.wait_s(self.now_s) if len(self._ends) < WORKERS else None
            next_s = min(
                [
                    end_s,
                    *(end[0] for end in self._ends[:1]),
                    *([] if wait_s is None else [self.now_s + max(wait_s, 1e-3)]),
                ]
            )
            self.now_s = next_s
            while self._ends and self._ends[0][0] <= self.now_s:
                _s, _n, pending, failure = heapq.heappop(self._ends)
                self._end(pending, failure)
            if self.now_s >= end_s:
                return

    def _begin(self, pending: PendingPatch) -> None:
        cluster, key = self.cluster, f"factory/{pending.ref.name}"
        asked_s = self.asked_s.pop(key, None)
        if asked_s is not None and not cluster.down(asked_s, self.now_s):
            self.figures.cuts += 1
            self.figures.latest_cut_s = max(self.figures.latest_cut_s, self.now_s - asked_s)
        behaves = cluster.behaves.get(key, "gone")
        took_s, failure = {
            "well": (0.012, None), "gone": (0.005, None), "refused": (0.006, Failure.REFUSED),
            "fails": (0.02, Failure.SERVER), "hangs": (REQUEST_S, Failure.SERVER),
        }[behaves]  # fmt: skip
        if self.now_s < cluster.outage_until_s:
            took_s, failure = 0.02, Failure.SERVER
        heapq.heappush(self._ends, (self.now_s + took_s, next(self._order), pending, failure))

    def _end(self, pending: PendingPatch, failure: Failure | None) -> None:
        cluster, key = self.cluster, f"factory/{pending.ref.name}"
        pod = cluster.pods.get(key)
        if failure is not None and pod is not None:
            if failure is Failure.REFUSED:
                self._refused.add(key)
            self.queue.failed(pending.ref, self.now_s, failure)
        elif pod is None or pod.uid != pending.uid:
            self._refused.discard(key)
            self.queue.gone(pending.ref, self.now_s)
        else:
            after = patched(pod.annotations, pending.change.patch(pod.annotations))
            cluster.put(key, pod.workload.name, pod.node, after, {})
            self._refused.discard(key)
            self.queue.written(pending.ref, self.now_s)


class _Counting(logging.Handler):
    def __init__(self, figures: Figures) -> None:
        super().__init__()
        self._figures = figures

    def emit(self, record: logging.LogRecord) -> None:
        """Count a line."""
        self._figures.log_lines += 1 + len(record.getMessage()) // 2000


def _memory_mib() -> float:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize() / 2**20


def lines(figures: Figures, seconds: float) -> Iterator[str]:
    """Yield the figures for people."""
    yield f"{seconds:g} simulated s, {figures.passes} passes, {figures.cuts} cuts of the victim in good times"
    yield f"the latest cut began {figures.latest_cut_s:.2f} s after it was decided"
    yield f"a pod of the victim was without a cap for {figures.longest_uncapped_s:.2f} s at most"
    yield f"{figures.log_lines} log lines; {figures.refused} pods at most that nobody may cap; {figures.faults} faults"
    yield f"memory in MiB: {', '.join(f'{each:.0f}' for each in figures.memory_mib)}"


@click.command()
@click.option("--seconds", type=click.FloatRange(min=10.0), default=3600.0, show_default=True)
@click.option("--seed", type=int, default=1, show_default=True)
@click.option("--out", type=click.Path(path_type=Path), default=Path("out/benchmarks"), show_default=True)
def main(seconds: float, seed: int, out: Path) -> None:
    """Run the churn and write what came of the victim."""
    text = "\n".join(lines(Run(seed).run(seconds), seconds))
    sys.stdout.write(f"{text}\n")
    write_whole(out / "hostile_churn.txt", f"{text}\n")


if __name__ == "__main__":
    main()

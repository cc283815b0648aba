"""What a run on a large cluster measured, and the table of it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass

from benchmarks.cluster_controller import Use
from benchmarks.cluster_site import Cycle, Size
from detnet.text import Table

GOAL_MIB = 200.0
_WRITES = {"create", "update", "patch", "delete"}


@dataclass(frozen=True, slots=True)
class Start:
    """A start in observe mode: s from first to last list, s until it was ready, and what that used."""

    listed_s: float
    ready_s: float
    use: Use


@dataclass(frozen=True, slots=True)
class Steady:
    """A time without change: s of CPU time, open watches, and the requests that came, by verb and resource."""

    seconds: float
    cpu_s: float
    watches: int
    requests: Mapping[str, int]

    @property
    def writes(self) -> int:
        """How many wrote anything but the Lease that says who leads."""
        return sum(count for what, count in self.requests.items() if is_write(what))


@dataclass(frozen=True, slots=True)
class Cut:
    """A cut on every node: from the first decision to the first and to the last pod with its new cap, in s."""

    patches: int
    templates: int
    first_s: float
    last_s: float
    cpu_s: float
    bare_patch_s: float

    @property
    def ratio(self) -> float:
        """The time to the last pod over that of as many bare patches, one after the other."""
        return self.last_s / (self.patches * self.bare_patch_s)


@dataclass(frozen=True, slots=True)
class Result:
    """All that one run measured; ``load`` is how many processes wanted to run in the last minute, of anybody's."""

    size: Size
    pod_bytes: int
    empty: Start
    full: Start
    steady: Steady
    cut: Cut
    use: Use
    documents: Cycle
    load: float

    @property
    def mib_per_1000(self) -> float:
        """How the memory after a start grows, per 1,000 pods."""
        return 1000.0 * (self.full.use.rss_mib - self.empty.use.rss_mib) / (self.size.pods + self.size.nodes)


def is_write(what: str) -> bool:
    """Return whether a verb and resource change something that is not the Lease."""
    verb, _, resource = what.partition(" ")
    return verb in _WRITES and resource != "leases"


def table(result: Result) -> Table:
    """Return what was measured, one row per figure, beside what it is compared with."""
    size, cut, cycle = result.size, result.cut, result.documents
    asked = ", ".join(f"{count} {what}" for what, count in sorted(result.steady.requests.items())) or "nothing"
    rows = [
        (f"start with {size.pods} pods of {result.pod_bytes} bytes", *_start(result.full)),
        ("start with an empty namespace", *_start(result.empty)),
        ("resident, at most", f"{result.use.peak_mib:.0f} MiB", f"goal {GOAL_MIB:.0f}"),
        ("resident after the start, per 1,000 pods", f"{result.mib_per_1000:.1f} MiB", ""),
        (f"steady for {result.steady.seconds:.0f} s: writes", f"{result.steady.writes}", asked),
        ("steady: watches that stay open", f"{result.steady.watches}", f"{result.steady.cpu_s:.1f} s CPU"),
        ("cut: decision to the first pod", f"{1e3 * cut.first_s:.0f} ms", ""),
        ("cut: decision to the last pod", f"{cut.last_s:.2f} s", f"{cut.cpu_s:.1f} s CPU"),
        (
            f"cut: over {cut.patches} bare patches one by one",
            f"{cut.ratio:.2f}",
            f"{1e3 * cut.bare_patch_s:.2f} ms each",
        ),
        ("cut: requests, pod templates written", f"{cut.patches}, {cut.templates}", "no pod restarts"),
        ("the documents' cycle: requests", f"{cycle.requests}", f"{cycle.took_s:.2f} s"),
        ("the documents' cycle: new ReplicaSets", f"{cycle.replica_sets}", f"{size.pods} pods restart"),
        ("load of the machine in the last minute", f"{result.load:.1f}", f"{os.cpu_count()} processors"),
    ]
    return Table((f"{size.targets} targets on {size.nodes} nodes", "measured", "beside it"), tuple(rows))


def _start(start: Start) -> tuple[str, str]:
    return (
        f"{start.ready_s:.2f} s",
        f"{start.listed_s:.2f} s listing, {start.use.cpu_s:.1f} s CPU, {start.use.rss_mib:.0f} MiB",
    )

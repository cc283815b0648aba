"""What one decision pass costs (decide, demand, allocate), and how that grows with targets and bottlenecks.

    python -m benchmarks.decision_pass --out out/benchmarks

Every figure is a median of CPU time over passes with full memories. A machine's speed says little, so each is shown
beside two others of the same moments: the `steps` policy, which learns nothing, and a JSON text of the pass's rates and
caps.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median

from benchmarks.growth import Goal, Growth, Series
from benchmarks.loops import FULL_AFTER, Cost, Loop
from detnet.control.learned import Learned
from detnet.control.policies import Policy, Steps
from detnet.text import Table
from detnet_lab.report.output_files import write_whole

TARGETS = (1, 10, 100, 1000)
LOOPS = (1, 10, 50)
GOALS = {Goal("1 ms at 10", 10, 1.0): 1, Goal("50 ms at 1,000", 1000, 50.0): 50}
"""The goals, each with the loops up to which it should hold."""
_LOOKS = {1: ("cap cap0", "name0"), 10: ("cap cap1", "name1"), 50: ("cap cap2", "name2")}


@dataclass(frozen=True, slots=True)
class Row:
    """One size: medians in ms of a pass over all its loops, by step, of the same with `steps`, and of the JSON text."""

    targets: int
    loops: int
    decide_ms: float
    demand_ms: float
    allocate_ms: float
    total_ms: float
    steps_ms: float
    json_ms: float


def main() -> None:
    """Measure, print and draw."""
    parser = argparse.ArgumentParser(description="Measure the cost of a decision pass.")
    parser.add_argument("--out", type=Path, default=Path("out/benchmarks"))
    parser.add_argument("--passes", type=int, default=20, help="passes to measure, at each size")
    asked = parser.parse_args()
    sizes = [(targets, loops) for loops in LOOPS for targets in TARGETS if targets >= loops]
    rows = [measure(targets, loops, asked.passes) for targets, loops in sizes]
    print(table(rows).text())
    for goal, loops in GOALS.items():
        worst_ms = max(row.total_ms for row in rows if row.targets == goal.size and row.loops <= loops)
        print(f"goal of {goal.name} targets: {worst_ms:.2f} ms, {worst_ms / goal.cost:.2f} of it")
    write_whole(asked.out / "decision-pass.json", json.dumps([asdict(row) for row in rows], indent=1) + "\n")
    draw(rows).write(asked.out / "decision-pass")
    print(f"the picture is {asked.out / 'decision-pass.png'}")


def measure(targets: int, loops: int, passes: int) -> Row:
    """Run that many loops, over which the targets are spread, until their memories are full, and then measure."""
    learned, plain = _loops(Learned(), targets, loops), _loops(Steps(), targets, loops)
    for _ in range(FULL_AFTER):
        _turn(learned)
        _turn(plain)
    costs = [(_turn(learned), _turn(plain), _write(learned)) for _ in range(passes)]
    return Row(
        targets=targets,
        loops=loops,
        decide_ms=1e3 * median(cost.decide_s for cost, _, _ in costs),
        demand_ms=1e3 * median(cost.demand_s for cost, _, _ in costs),
        allocate_ms=1e3 * median(cost.allocate_s for cost, _, _ in costs),
        total_ms=1e3 * median(cost.total_s for cost, _, _ in costs),
        steps_ms=1e3 * median(cost.total_s for _, cost, _ in costs),
        json_ms=1e3 * median(text_s for _, _, text_s in costs),
    )


def table(rows: Sequence[Row]) -> Table:
    """Return one row per size."""
    header = ("targets x loops", "decide", "demand", "allocate", "pass (ms)", "per target (us)", "x steps", "x JSON")
    shown = [
        (
            f"{row.targets} x {row.loops}",
            *(f"{part_ms:.3f}" for part_ms in (row.decide_ms, row.demand_ms, row.allocate_ms, row.total_ms)),
            f"{1e3 * row.total_ms / row.targets:.1f}",
            f"{row.total_ms / row.steps_ms:.2f}",
            f"{row.total_ms / row.json_ms:.1f}",
        )
        for row in rows
    ]
    return Table(header, tuple(shown))


def draw(rows: Sequence[Row]) -> Growth:
    """Return the picture: a curve for each number of loops, and what `steps` costs in one."""
    series = [
        Series(
            f"learned, {loops} loop{'s' * (loops > 1)}",
            [(row.targets, row.total_ms) for row in rows if row.loops == loops],
            *_LOOKS[loops],
        )
        for loops in LOOPS
    ]
    one = [row for row in rows if row.loops == 1]
    series.append(Series("steps, 1 loop", [(row.targets, row.steps_ms) for row in one], "available"))
    series.append(Series("JSON text of 1 loop", [(row.targets, row.json_ms) for row in one], "cap cap3", "name3"))
    return Growth("One decision pass over all targets", "targets", "median CPU time (ms)", series, tuple(GOALS))


def _loops(policy: Policy, targets: int, loops: int) -> list[Loop]:
    share, more = divmod(targets, loops)
    return [Loop(policy, share + (number < more), number) for number in range(loops)]


def _turn(running: Sequence[Loop]) -> Cost:
    """Make one pass over all loops."""
    each = [loop.turn() for loop in running]
    return Cost(*(sum(getattr(cost, step) for cost in each) for step in ("decide_s", "demand_s", "allocate_s")))


def _write(running: Sequence[Loop]) -> float:
    """Return how long a JSON text of every target's rate and cap takes, in s."""
    began_s = time.thread_time()
    for loop in running:
        json.dumps({name: [cap.bps, 0.98 * cap.bps] for name, cap in loop.caps.items()})
    return time.thread_time() - began_s


if __name__ == "__main__":
    main()

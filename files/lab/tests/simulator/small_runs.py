"""Small worlds for the simulator's tests: one link of 100 Mbit/s for a minute, so that a run takes a blink."""

from __future__ import annotations

from detnet_lab.simulator.outcome import Outcome, judge
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.policies.registry import find
from detnet_lab.simulator.simulation import run
from detnet_lab.simulator.simulator_scenario import Scenario, parse
from detnet_lab.simulator.trace import Trace

SMALL = Plant(capacity_bps=1e8, burst_bytes=1500)


def scenario(
    body: str = "", *, duration_s: int = 60, critical: str = "0.3", targets: str = "[{name: upload}]"
) -> Scenario:
    """Return a scenario with one greedy target unless told otherwise."""
    head = f"name: test\ntitle: a test\nduration_s: {duration_s}\ncritical: {critical}\ntargets: {targets}\n"
    return parse(head + body, "test.yaml")


def trace(policy: str, one: Scenario, *, plant: Plant = SMALL, seed: int = 0) -> Trace:
    """Run a policy by its name."""
    return run(one, plant, find(policy), seed)


def outcome(policy: str, one: Scenario, *, plant: Plant = SMALL, seed: int = 0) -> Outcome:
    """Run a policy by its name and judge it."""
    return judge(trace(policy, one, plant=plant, seed=seed))

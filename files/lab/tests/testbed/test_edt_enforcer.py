"""The stand-in for EDT on the real kernel: whole packets at line rate, the sysctl that cures it, a late agent."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from detnet_lab.testbed.edt.agent import FORGETS_S, LAG_S
from testbed.cli import start

pytestmark = pytest.mark.root

_NAMESPACES = ("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc")
_MARGIN_S = 0.6  # a look of the agent every 50 ms, the actuator's own write, and a busy test machine

SCENARIO = """
name: faults
title: an agent with faults
phases:
  - {name: quiet, title: only critical, duration_s: 3}
  - {name: neighbour, title: best effort starts, duration_s: 8, disturbance: true, start: [telemetry-upload]}
  - {name: restart, title: the agent restarts, duration_s: 5, fault: {agent: restart}}
  - {name: ignored, title: it enforces nothing, duration_s: 4, fault: {agent: ignore}}
  - {name: enforced, title: it enforces again, duration_s: 3, fault: {agent: enforce}}
"""


def test_a_burst_leaves_whole_and_the_sysctl_makes_it_small_on_an_open_connection() -> None:
    """One connection under a cap of 10 Mbit/s on a link of 100: dozens of frames in a millisecond, then a few."""
    done = subprocess.run(
        [*_NAMESPACES, sys.executable, str(Path(__file__).with_name("edt_bursts.py"))],
        capture_output=True,
        text=True,
        timeout=60,
        check=True,
    )
    seen = json.loads(done.stdout)
    assert seen["cap_bps"] == 10_000_000
    assert 40_000 < seen["whole"]["burst_bytes"] < 80_000
    assert seen["cured"]["burst_bytes"] < 20_000
    for state in ("whole", "cured"):
        assert seen[state]["rate_bps"] == pytest.approx(10e6, rel=0.07)


def _enforced(record: dict[str, Any], at_s: float) -> float | None:
    """Return the cap of telemetry-upload that the kernel held at a time."""
    values = [cap for point_s, cap in record["enforced_bps"]["telemetry-upload"] if point_s <= at_s]
    return values[-1] if values else None


@pytest.mark.timeout(180)
@pytest.mark.needs("iperf3")
@pytest.mark.needs("nginx")
def test_a_run_under_edt_has_a_late_and_faulty_enforcer(tmp_path: Path) -> None:
    """Each effect comes 0.3 to 1 s after a write; a restart opens the link for a second; ignored caps hold nothing."""
    scenario = tmp_path / "faults.yaml"
    scenario.write_text(SCENARIO)
    options = ("--scenario", str(scenario), "--no-prometheus", "--enforcer", "edt", "--capacity", "50M")
    with start(tmp_path / "out", *options) as run:
        _, complaint = run.communicate(timeout=150)
    assert (run.returncode, complaint) == (0, "")
    record = json.loads((tmp_path / "out" / "run.json").read_text())
    assert (record["enforcer"], record["burst"]) == ("edt", "whole")
    # The link was full and the budget cut: what the API holds reaches the kernel late, and never what it never held.
    asked = record["best_effort"]["telemetry-upload"]["cap_bps"]
    effects = [(at_s, cap) for at_s, cap in record["enforced_bps"]["telemetry-upload"] if 3 < at_s < 11]
    assert effects
    for at_s, cap in effects:
        written_s = [point_s for point_s, value in asked if value == cap]
        assert written_s
        assert at_s > min(written_s) - _MARGIN_S
    first_cut_s = next(at_s for at_s, cap in asked if cap is not None and cap < 50e6 and at_s > 3)
    first_effect_s = next(at_s for at_s, cap in effects if cap is not None and cap < 50e6)
    assert LAG_S[0] - 0.1 <= first_effect_s - first_cut_s <= LAG_S[1] + _MARGIN_S
    # The restart: uncapped for a second, then the cap from before.
    restart = [(at_s, cap) for at_s, cap in record["enforced_bps"]["telemetry-upload"] if at_s > 11]
    (gone_s, gone), (back_s, back) = restart[:2]
    assert gone is None
    assert back == _enforced(record, 11.0)
    assert FORGETS_S - 0.1 <= back_s - gone_s <= FORGETS_S + _MARGIN_S
    # Ignored: the link is full whatever the controller asks for; enforced: what it asks for holds again.
    assert _enforced(record, 19.5) is None
    goodput = [bps for at_s, bps in record["best_effort"]["telemetry-upload"]["goodput_bps"] if 17.5 < at_s < 19.5]
    assert sum(goodput) / len(goodput) > 40e6
    assert _enforced(record, 22.9) is not None

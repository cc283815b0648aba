"""A whole run on real packets, as a user starts it: the neighbour hurts, and every part of the record is there."""

from __future__ import annotations

import json
import math
import subprocess
from pathlib import Path
from statistics import median

import pytest

from testbed.cli import DETNET, start

pytestmark = [pytest.mark.root, *(pytest.mark.needs(program) for program in ("iperf3", "nginx", "prometheus"))]


def test_without_control_the_neighbour_breaks_the_objective(tmp_path: Path) -> None:
    """Most packets beside the neighbour are late; Prometheus saw both targets; a follower saw every line."""
    with (
        subprocess.Popen(
            [*DETNET, "lab", "follow", "--out", str(tmp_path)], stdout=subprocess.PIPE, text=True
        ) as other,
        start(tmp_path, "--policy", "none", "--duration", "18") as run,
    ):
        shown, complaint = run.communicate(timeout=100)
        followed, _ = other.communicate(timeout=10)
    assert (run.returncode, complaint) == (0, "")
    assert shown == followed == (tmp_path / "live.log").read_text()
    assert json.loads((tmp_path / "summary.json").read_text())["policy"] == "none"
    record = json.loads((tmp_path / "run.json").read_text())
    # The packets themselves and not the judged windows: a busy test machine leaves out many of those.
    quiet, neighbour, *_ = record["phases"]
    samples = record["critical"]["robot-control"]["samples"]
    idle, beside = (
        [math.inf if rtt_ms is None else rtt_ms for at_s, rtt_ms in samples if first_s <= at_s < phase["end_s"]]
        for phase, first_s in ((quiet, 0.0), (neighbour, neighbour["start_s"] + 2.0))
    )
    limit_ms = median(idle) + record["objective_ms"]
    assert sum(rtt_ms > limit_ms for rtt_ms in beside) > 0.8 * len(beside) > 0
    assert record["prometheus"]["targets"] == {"probe": True, "detnet": True}
    assert record["decisions"]
    assert {name: bool(app["samples"]) for name, app in record["critical"].items()} == {
        "robot-control": True,
        "safety-scanner": True,
        "robot-factory": True,
    }
    goodput = [bps for at_s, bps in record["best_effort"]["telemetry-upload"]["goodput_bps"] if 6 < at_s < 14]
    assert 40e6 < sum(goodput) / len(goodput) < 100e6


def test_the_static_end_of_the_bench_caps_at_half_the_link(tmp_path: Path) -> None:
    """Under "static" best effort gets no more than half, also while the link has dropped, and caps never move."""
    with start(
        tmp_path, "--policy", "static", "--scenario", "capacity-drop", "--duration", "15", "--no-prometheus"
    ) as run:
        _, complaint = run.communicate(timeout=100)
    assert (run.returncode, complaint) == (0, "")
    record = json.loads((tmp_path / "run.json").read_text())
    caps = {cap for target in record["best_effort"].values() for _, cap in target["cap_bps"]}
    assert caps == {25_000_000}
    assert [bps for _, bps in record["capacity_bps"]] == [100e6, 40e6, 100e6]


def test_a_run_by_ipv6_alone_is_controlled(tmp_path: Path) -> None:
    """No node has an IPv4 address: probe, controller, applications and Prometheus find each other all the same."""
    with start(tmp_path, "--ip-family", "ipv6", "--duration", "15") as run:
        shown, complaint = run.communicate(timeout=100)
    assert (run.returncode, complaint) == (0, "")
    assert "by IPv6 alone" in shown
    record = json.loads((tmp_path / "run.json").read_text())
    assert record["ip_family"] == "ipv6"
    assert record["prometheus"]["targets"] == {"probe": True, "detnet": True}
    assert all(app["samples"] for app in record["critical"].values())
    caps = {cap for target in record["best_effort"].values() for _, cap in target["cap_bps"]}
    assert len(caps) > 1, "the neighbour was never cut"
    goodput = [bps for _, bps in record["best_effort"]["telemetry-upload"]["goodput_bps"]]
    assert max(goodput) > 10e6

"""What a blind and a restarted controller may do, on a real kernel under load."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from testbed.cli import start

pytestmark = [pytest.mark.root, *(pytest.mark.needs(program) for program in ("iperf3", "nginx"))]

BEGINNING = """
name: promise
title: a fault under load
phases:
  - {name: quiet, title: only critical, duration_s: 4}
  - {name: neighbour, title: best effort starts, duration_s: 8, disturbance: true, start: [telemetry-upload]}
"""


def _record(tmp_path: Path, phases: str, within_s: float) -> dict[str, Any]:
    """Run the beginning and these phases, and return the record."""
    scenario = tmp_path / "promise.yaml"
    scenario.write_text(BEGINNING + phases, encoding="utf-8")
    with start(tmp_path / "out", "--scenario", str(scenario), "--no-prometheus") as run:
        _, complaint = run.communicate(timeout=within_s)
    assert (run.returncode, complaint) == (0, "")
    record: dict[str, Any] = json.loads((tmp_path / "out" / "run.json").read_text())
    return record


def _caps(record: dict[str, Any], first_s: float, last_s: float) -> list[float]:
    """Return the sums of the caps that the kernel held between two times."""
    series = [target["cap_bps"] for target in record["best_effort"].values()]
    return [sum(caps) for (at_s, *_), *caps in _rows(series) if first_s <= at_s <= last_s and None not in caps]


def _rows(series: list[list[list[float]]]) -> list[list[Any]]:
    return [[point, *(one[index][1] for one in series)] for index, point in enumerate(series[0])]


@pytest.mark.timeout(180)
def test_a_blind_controller_only_lowers_and_recovers_by_itself(tmp_path: Path) -> None:
    """The probe stands still for 33 s: no cap ever rises, the safe cap is reached, and evidence counts again after."""
    record = _record(
        tmp_path,
        """
  - {name: blind, title: the probe stands still, duration_s: 33, fault: {probe: pause}}
  - {name: seeing, title: the probe is back, duration_s: 16, fault: {probe: resume}}
""",
        within_s=150,
    )
    blind = [d for d in record["decisions"] if 14.5 < d["at_s"] < 45]
    assert blind
    assert all(d["mode"] in ("blind", "unresolved") for d in blind)
    assert all(d["cap_after_bps"] <= d["cap_before_bps"] for d in blind)
    caps = _caps(record, 14.5, 45)
    assert all(after <= before for before, after in pairwise(caps))
    assert caps[-1] <= 100e6 / 4 * 1.01
    assert {d["mode"] for d in record["decisions"] if d["at_s"] > 46} & {"waiting", "growth"}


@pytest.mark.timeout(120)
def test_a_killed_controller_leaves_the_cap_and_its_successor_takes_it_over(tmp_path: Path) -> None:
    """SIGKILL: the kernel keeps the cap; the first decision of the next daemon starts from it, without a jump."""
    record = _record(
        tmp_path,
        """
  - {name: killed, title: the daemon dies, duration_s: 3, fault: {daemon: kill}}
  - {name: restarted, title: it is back, duration_s: 7, fault: {daemon: start}}
""",
        within_s=100,
    )
    before = [d for d in record["decisions"] if d["at_s"] < 12.5]
    after = [d for d in record["decisions"] if d["at_s"] > 14.5]
    assert before
    assert after
    assert not [d for d in record["decisions"] if 12.6 < d["at_s"] < 14.9]
    assert after[0]["cap_before_bps"] == pytest.approx(before[-1]["cap_after_bps"], rel=0.02)
    assert after[0]["cap_after_bps"] <= after[0]["cap_before_bps"]

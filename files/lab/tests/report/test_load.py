"""A malformed or truncated record is one clear sentence."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.model.errors import UserError
from detnet_lab.report.run_record import load, parse
from report.records import CLEAN, record


def _without_truth(run: dict[str, Any]) -> None:
    run["critical"]["other"] = run["critical"].pop("robot-control")


def _late_goodput(run: dict[str, Any]) -> None:
    run["best_effort"]["upload"]["goodput_bps"] = [[9.0, 1.0]]


def _overlap(run: dict[str, Any]) -> None:
    run["phases"][0]["end_s"] = 2.5


BREAKS: list[tuple[Callable[[dict[str, Any]], Any], str]] = [
    (lambda run: run.pop("policy"), r"policy: Field required$"),
    (lambda run: run.update(schema=2), r"schema: Input should be 1$"),
    (lambda run: run.update(objective_ms="soon"), r"objective_ms: Input should be a valid number"),
    (lambda run: run.update(duration_s=float("nan")), r"duration_s: Input should be a finite number"),
    (lambda run: run.update(duration_s=0), r"duration_s and objective_ms must be positive"),
    (lambda run: run.update(phases=[]), r"phases is empty"),
    (lambda run: run.update(capacity_bps=[]), r"capacity_bps has no value in the run's first 2 s"),
    (lambda run: run.update(capacity_bps=[[0, 1], [5, 1], [4, 1]]), r"capacity_bps is not in order of time"),
    (lambda run: run["critical"]["robot-control"]["samples"].append([1.0]), r"samples\.40\.1: Field required"),
    (_without_truth, r"critical\.robot-control is missing"),
    (_late_goodput, r"best_effort\.upload\.goodput_bps has no value"),
    (_overlap, r"phase 'noisy' starts before 'quiet' ends"),
]


@pytest.mark.parametrize(("invalidate", "message"), BREAKS)
def test_a_malformed_record_names_the_place(invalidate: Callable[[dict[str, Any]], Any], message: str) -> None:
    """What, where and what was expected, on one line."""
    run = record([CLEAN, CLEAN])
    invalidate(run)
    with pytest.raises(UserError, match=message) as caught:
        parse(run, "out/run.json")
    assert str(caught.value).startswith("out/run.json: ")
    assert "\n" not in str(caught.value)


@given(st.integers(0, 400))
def test_a_truncated_file_is_said_to_be_cut_short(tmp_path_factory: pytest.TempPathFactory, kept: int) -> None:
    """Wherever the disk became full."""
    path = tmp_path_factory.mktemp("cut") / "run.json"
    path.write_text(json.dumps(record([CLEAN]))[:kept])
    with pytest.raises(UserError, match=r"not complete JSON .*was the run cut short"):
        load(path)


def test_a_file_that_is_no_record_is_refused(tmp_path: Path) -> None:
    """Missing, binary, or JSON of another kind."""
    path = tmp_path / "run.json"
    with pytest.raises(UserError, match=r"cannot read .*No such file"):
        load(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(UserError, match="not complete JSON"):
        load(path)
    path.write_text("[]")
    with pytest.raises(UserError, match="holds a list"):
        load(path)


def test_phases_that_an_interrupted_run_did_not_reach_are_cut_off() -> None:
    """Ctrl-C after 3.5 s of a longer plan."""
    run = record([CLEAN] * 8)
    run["phases"][1]["end_s"] = 6.0
    run["phases"].append({"name": "never", "start_s": 6.0, "end_s": 10.0, "title": "not reached"})
    run["duration_s"] = 3.5
    assert [(phase.name, phase.end_s) for phase in parse(run).phases] == [("quiet", 2.0), ("noisy", 3.5)]

"""Several policies side by side."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from detnet.model.errors import UserError
from detnet_lab.report.bench import compare
from report.records import BAD, CLEAN, record

HALF, WHOLE = [CLEAN] * 4 + [BAD] * 6, [CLEAN] * 10


def test_the_ends_stand_first_and_last_and_the_policies_between(tmp_path: Path) -> None:
    """Whatever order the runs come in."""
    names = ["aimd", "static", "learned", "none", "graded", "steps"]
    comparison = compare([record(WHOLE, policy=name) for name in names], tmp_path)
    assert [entry.label for entry in comparison.entries] == ["none", "steps", "graded", "aimd", "learned", "static"]


def test_a_ratio_is_our_score_over_the_policies(tmp_path: Path) -> None:
    """Same goodput, but half of the steps policy's windows violate."""
    comparison = compare([record(HALF, policy="steps"), record(WHOLE, policy="learned")], tmp_path)
    learned = comparison.entries[1]
    assert learned.ratios == {"steps": pytest.approx(2.0), "graded": None, "aimd": None}
    assert "2.00x" in comparison.table.text()


def test_repeated_runs_are_numbered_and_their_policy_is_their_mean(tmp_path: Path) -> None:
    """Two runs of one policy are one yardstick."""
    comparison = compare([record(WHOLE, policy="aimd"), record(HALF, policy="aimd")], tmp_path)
    assert [entry.label for entry in comparison.entries] == ["aimd (1)", "aimd (2)"]
    assert [entry.ratios["aimd"] for entry in comparison.entries] == pytest.approx([4 / 3, 2 / 3])


def test_a_policy_that_scored_nothing_gives_no_ratio(tmp_path: Path) -> None:
    """Not infinity, not an error."""
    nothing = record(WHOLE, policy="steps", best_effort={})
    assert compare([nothing, record(WHOLE)], tmp_path).entries[1].ratios["steps"] is None


def test_page_picture_and_json_are_written(tmp_path: Path) -> None:
    """The table's figures are in the JSON, with their parts."""
    compare([record(HALF, policy="none"), record(WHOLE, policy="static")], tmp_path)
    runs = json.loads((tmp_path / "bench.json").read_text())["runs"]
    assert [(run["label"], run["violating_windows"]) for run in runs] == [("none", 6), ("static", 0)]
    assert (tmp_path / "bench.png").read_bytes().startswith(b"\x89PNG")
    assert "<td>static</td>" in (tmp_path / "bench.html").read_text()


def test_different_scenarios_or_objectives_are_not_compared(tmp_path: Path) -> None:
    """The sentence names what was found."""
    with pytest.raises(UserError, match=r"one scenario and one objective, got a at 2 ms, b at 2 ms$"):
        compare([record(WHOLE, scenario="b"), record(WHOLE, scenario="a")], tmp_path)
    with pytest.raises(UserError, match="got no run at all"):
        compare([], tmp_path)


def test_a_broken_run_is_named_by_its_place(tmp_path: Path) -> None:
    """The second of two."""
    with pytest.raises(UserError, match=r"^run 2: schema"):
        compare([record(WHOLE), record(WHOLE, schema=9)], tmp_path)

"""The files beside ``run.json``, and the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from detnet.model.errors import UserError
from detnet_lab import report
from detnet_lab.cli.report import command
from report.records import BAD, CLEAN, record

WINDOWS = [BAD, *[CLEAN] * 9]


def test_the_companions_are_written_into_a_new_folder(tmp_path: Path) -> None:
    """Summary, page and picture, and nothing else: no draft stays behind."""
    out = tmp_path / "deep" / "lab"
    summary = report.write(record(WINDOWS), out)
    assert sorted(path.name for path in out.iterdir()) == ["report.html", "report.png", "summary.json"]
    assert json.loads((out / "summary.json").read_text()) == json.loads(json.dumps(summary.to_json()))


def test_the_summary_has_the_promised_keys_for_the_run_and_each_phase(tmp_path: Path) -> None:
    """Other tools rely on these names."""
    report.write(record(WINDOWS), tmp_path)
    summary = json.loads((tmp_path / "summary.json").read_text())
    figures = {"windows", "violating_windows", "invalidated_windows", "protect_s", "goodput_bps", "available_bps"}
    assert {"policy", "scenario", "objective_ms"} | figures <= set(summary)
    assert all({"name"} | figures <= set(phase) for phase in summary["phases"])
    assert (summary["windows"], summary["violating_windows"], summary["protect_s"]) == (12, 1, 1.0)
    assert (summary["goodput_bps"], summary["available_bps"]) == (40e6, 80e6)


def test_a_malformed_record_leaves_the_old_report_untouched(tmp_path: Path) -> None:
    """Nothing is written before everything is known to be right."""
    report.write(record(WINDOWS), tmp_path)
    before = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(UserError):
        report.write(record(WINDOWS, duration_s=-1), tmp_path)
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_folder_that_cannot_be_written_is_one_sentence(tmp_path: Path) -> None:
    """A file stands where the folder should be."""
    (tmp_path / "lab").write_text("")
    with pytest.raises(UserError, match=r"cannot write .*lab/summary.json: "):
        report.write(record(WINDOWS), tmp_path / "lab")


def test_a_write_that_fails_leaves_no_draft(tmp_path: Path) -> None:
    """A folder stands where the file should be, so the last step fails."""
    (tmp_path / "summary.json").mkdir()
    with pytest.raises(UserError, match=r"cannot write .*summary.json: Is a directory"):
        report.write(record(WINDOWS), tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["summary.json"]


def test_the_command_reports_one_run_beside_it(tmp_path: Path) -> None:
    """The sentence, the table, and what to open."""
    path = tmp_path / "run.json"
    path.write_text(json.dumps(record(WINDOWS)))
    result = CliRunner().invoke(command, [str(path)], catch_exceptions=False)
    assert result.exit_code == 0
    assert result.stdout.startswith("robot-control stayed inside 2 ms in 91.6 % of windows")
    assert f"Open {tmp_path / 'report.html'}" in result.stdout
    assert (tmp_path / "report.png").exists()


def test_the_command_compares_several_runs(tmp_path: Path) -> None:
    """Into the folder asked for."""
    for name in ("none", "aimd"):
        (tmp_path / f"{name}.json").write_text(json.dumps(record(WINDOWS, policy=name)))
    args = [str(tmp_path / "none.json"), str(tmp_path / "aimd.json"), "--out", str(tmp_path / "bench")]
    result = CliRunner().invoke(command, args, catch_exceptions=False)
    assert "vs steps" in result.stdout
    assert (tmp_path / "bench" / "bench.html").exists()


def test_the_command_names_the_broken_file(tmp_path: Path) -> None:
    """Of one run it is the path that the user typed."""
    path = tmp_path / "run.json"
    path.write_text(json.dumps(record(WINDOWS, schema=9)))
    result = CliRunner().invoke(command, [str(path)])
    assert isinstance(result.exception, UserError)
    assert str(result.exception) == f"{path}: schema: Input should be 1"

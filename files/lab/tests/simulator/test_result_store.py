"""A batch that was ended goes on where it stopped, from rows that this very code made of this very world."""

from __future__ import annotations

import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from types import ModuleType

import pytest

import detnet
import detnet_lab
from detnet.model.errors import UserError
from detnet_lab.simulator import result_store
from detnet_lab.simulator.batch import Job, Progress, Result, jobs, simulate
from detnet_lab.simulator.outcome import Outcome
from detnet_lab.simulator.policies.registry import find
from detnet_lab.simulator.result_store import ResultStore
from simulator.small_runs import SMALL, scenario
from support import wait_for

FINGERPRINT = result_store._code
STEP = scenario(duration_s=30)
WORK = jobs([STEP], (find("static-half"), find("none")), [(SMALL, 0), (SMALL, 1)])


@pytest.fixture(autouse=True)
def code(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the package be the same whatever is edited meanwhile."""
    monkeypatch.setattr(result_store, "_code", lambda: "this")


def batch(path: Path, work: tuple[Job, ...] = WORK, *, most: int = 99) -> tuple[tuple[Result, ...], list[int]]:
    """Run a batch with its store, but for worlds after ``most``; return results and how many were simulated."""
    store, added = ResultStore(path), list[int]()
    store.write()

    def keep(job: Job, outcomes: Sequence[Outcome]) -> None:
        if len(added) == most:
            raise KeyboardInterrupt
        store.add(job, outcomes)
        added.append(len(outcomes))

    results = simulate(work, processes=1, on_progress=lambda *_: None, known=store.known, keep=keep)
    store.write()
    return results, added


def test_an_ended_batch_goes_on_and_gives_the_same_results(tmp_path: Path) -> None:
    """Only what is missing runs again, and every figure survives the file."""
    whole, simulated = batch(tmp_path / "whole.csv")
    assert simulated == [3, 3]
    with pytest.raises(KeyboardInterrupt):
        batch(tmp_path / "runs.csv", most=1)
    resumed, simulated = batch(tmp_path / "runs.csv")
    assert simulated == [3]
    assert resumed == whole
    assert (tmp_path / "runs.csv").read_text() == (tmp_path / "whole.csv").read_text()


def test_a_killed_batch_leaves_its_rows_and_no_process(tmp_path: Path) -> None:
    """Killed without a warning while its workers are at work."""
    (tmp_path / "mine.yaml").write_text("name: mine\ntitle: own\nduration_s: 30\ntargets: [{name: upload}]\n")
    command = ["simulate", "run", "--scenario", "mine.yaml", "--policy", "none", "--seeds", "1000", "--jobs", "2"]
    code = f"from detnet.cli import group; group({[*command, '--out', 'out']!r})"
    rows, batch = tmp_path / "out" / "runs.csv", subprocess.Popen([sys.executable, "-c", code], cwd=tmp_path)
    try:
        wait_for(lambda: rows.exists() and rows.read_text().count("\n") > 2, what="a world is done", within_s=60.0)
        children = [int(pid) for pid in Path(f"/proc/{batch.pid}/task/{batch.pid}/children").read_text().split()]
    finally:
        batch.kill()
        batch.wait()
    assert len(children) == 2
    wait_for(lambda: not any(_runs(pid) for pid in children), what="the workers end", within_s=30.0)


def _runs(pid: int) -> bool:
    """Return whether a process exists and has not ended."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def test_a_row_that_was_cut_off_is_run_again(tmp_path: Path) -> None:
    """A killed process leaves half of a row."""
    path = tmp_path / "runs.csv"
    batch(path)
    path.write_bytes(path.read_bytes()[:-30])
    assert batch(path)[1] == [1]


def test_another_policy_in_known_worlds_runs_alone(tmp_path: Path) -> None:
    """The oracle's search is not made twice."""
    batch(tmp_path / "runs.csv")
    more = tuple(replace(job, policies=(*job.policies, find("v5-fresh"))) for job in WORK)
    results, simulated = batch(tmp_path / "runs.csv", more)
    assert simulated == [1, 1]
    assert [one.policy for one in results[0].outcomes] == ["static-half", "none", "v5-fresh"]


def test_a_changed_world_or_code_counts_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever has the same name."""
    path = tmp_path / "runs.csv"
    batch(path)
    plant = replace(SMALL, probe_noise_ms=0.5)
    for changed in ({"plant": plant}, {"scenario": replace(STEP, duration_s=31.0)}):
        assert batch(path, tuple(replace(job, **changed) for job in WORK))[1] == [3, 3]
    assert batch(path)[1] == []
    monkeypatch.setattr(result_store, "_code", lambda: "other")
    assert batch(path)[1] == [3, 3]


@pytest.mark.parametrize("package", [detnet, detnet_lab])
def test_code_is_the_controller_and_the_lab(
    package: ModuleType, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A changed simulator must not go on from what another one found."""
    before, copy = FINGERPRINT(), tmp_path / package.__name__
    shutil.copytree(Path(package.__file__ or "").parent, copy)
    monkeypatch.setattr(package, "__file__", str(copy / "__init__.py"))
    assert FINGERPRINT() == before
    (copy / "__init__.py").write_text("# changed\n")
    assert FINGERPRINT() != before


def test_a_row_that_is_none_is_refused_with_its_place(tmp_path: Path) -> None:
    """Somebody edited the file."""
    path = tmp_path / "runs.csv"
    batch(path)
    path.write_text(path.read_text().replace(",10,", ",many,"))
    with pytest.raises(UserError, match=r"runs.csv, line 2: .*remove the file"):
        ResultStore(path)


def test_the_time_left_counts_only_worlds_that_were_run() -> None:
    """Of 100 worlds 60 were known, and four took eight seconds: 36 more take 72."""
    now_s = 0.0
    progress = Progress(lambda: now_s)
    now_s = 2.0
    assert progress.line(61, 100, "normal") == "61 of 100 worlds, about 78 s left, last normal"
    now_s = 8.0
    assert progress.line(64, 100, "normal") == "64 of 100 worlds, about 72 s left, last normal"
    now_s = 7200.0
    assert progress.line(100, 100, "normal") == "100 of 100 worlds, 2 h 00 min in all, last normal"

"""Batches: pairs share a world, halves never mix, and every mean has its interval."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import pytest
from click.testing import CliRunner
from hypothesis import given
from hypothesis import strategies as st

from detnet.model.errors import ConfigError
from detnet_lab.cli.simulate import command
from detnet_lab.report.estimates import difference, estimate
from detnet_lab.simulator.batch import jobs, run_job, simulate
from detnet_lab.simulator.comparison import compare
from detnet_lab.simulator.oracle_search import MOST_VIOLATIONS
from detnet_lab.simulator.policies.oracle import foreseen_bps
from detnet_lab.simulator.policies.registry import find
from detnet_lab.simulator.protocol import batch_spec
from simulator.small_runs import SMALL, scenario

POLICIES = (find("learned"), find("none"))
STEP = scenario(critical="[{steps: [[0, 0.2], [40, 0.5]]}]")


@given(st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=30))
def test_an_interval_holds_its_mean_and_repeats(values: list[float]) -> None:
    """Seeded resampling: reports do not change from run to run."""
    found = estimate(values, resamples=200)
    assert min(values) - 1e-6 <= found.low <= found.high <= max(values) + 1e-6
    assert found == estimate(values, resamples=200)


def test_paired_differences_are_sharper_than_means() -> None:
    """What seeds have in common cancels out."""
    one = [float(seed) for seed in range(20)]
    found = difference([value + 1.0 for value in one], one)
    assert (found.low, found.mean, found.high) == (1.0, 1.0, 1.0)
    with pytest.raises(ValueError, match="zip"):
        difference([1.0], [])


def test_the_oracle_keeps_the_objective_and_gets_the_most() -> None:
    """Nobody may beat it by much, or its search is wrong."""
    result = run_job(jobs([STEP], POLICIES, [(SMALL, 0)])[0])
    assert result.oracle.violation_ratio <= MOST_VIOLATIONS
    learned, none = result.outcomes
    assert none.compliant_bps < learned.compliant_bps <= 1.02 * result.oracle.compliant_bps


def test_the_oracle_foresees_no_burst() -> None:
    """It has seen the last slot and knows how high the traffic can go; only a reserve makes it ready for that."""
    assert foreseen_bps([20.0, 70.0, 20.0], 0.0) == [20.0, 70.0, 20.0]
    assert foreseen_bps([20.0, 70.0, 20.0], 0.5) == [45.0, 70.0, 45.0]
    assert foreseen_bps([20.0, 70.0, 20.0], 1.0) == [70.0, 70.0, 70.0]


def test_processes_change_nothing() -> None:
    """The same results in the same order."""
    work = jobs([STEP], POLICIES, [(SMALL, 0), (SMALL, 1)])
    progress: list[int] = []
    alone = simulate(work, processes=1, on_progress=lambda done, _all, _last: progress.append(done))
    assert progress == [1, 2]
    assert alone == simulate(work, processes=2, on_progress=lambda *_: None)


def test_figures_are_per_policy_and_scenario_with_intervals_and_pairs() -> None:
    """As the summary promises them."""
    results = simulate(
        jobs([STEP], POLICIES, [(SMALL, seed) for seed in range(3)]), processes=1, on_progress=lambda *_: None
    )
    found = compare(results, "learned")
    one = found.by_policy["learned"]["test"]
    assert one.worlds == 3
    assert one.violation_ratio.low <= one.violation_ratio.mean <= one.violation_ratio.high
    assert found.against["none"]["violation_ratio"].high < 0.0
    assert found.against["none"]["be_compliant_ratio"].low > 0.0
    assert found.totals["none"].worst_scenario == "test"


def test_tuning_and_reporting_share_neither_seed_nor_plant() -> None:
    """What was tuned on must not be reported on."""
    tuning, reporting = (batch_spec("normal", "none", "grid", 20, half) for half in ("tuning", "reporting"))
    assert len(tuning.worlds) == len(reporting.worlds) == 20
    assert not {seed for _, seed in tuning.worlds} & {seed for _, seed in reporting.worlds}
    assert not {plant for plant, _ in tuning.worlds} & {plant for plant, _ in reporting.worlds}


def test_crossed_seeds_meet_every_plant_and_others_one_each() -> None:
    """Nine plants of the half: 20 worlds in turn, 180 crossed."""
    turns, crossed = (
        batch_spec("normal", "none", "grid", 20, "reporting", crossed=crossed) for crossed in (False, True)
    )
    assert (len(turns.worlds), len(crossed.worlds)) == (20, 180)
    assert {plant for plant, _ in turns.worlds} == {plant for plant, _ in crossed.worlds}


@pytest.mark.parametrize(
    ("names", "sentence"),
    [
        (("nosuch", "none", "grid"), "no scenario is named 'nosuch'"),
        (("normal", "nosuch", "grid"), "no policy is named 'nosuch'"),
        (("normal", "none", "nosuch"), "no set of plants is named 'nosuch'"),
    ],
)
def test_a_wrong_name_is_refused_before_anything_runs(names: tuple[str, str, str], sentence: str) -> None:
    """And the message lists the right ones."""
    with pytest.raises(ConfigError, match=sentence):
        batch_spec(*names, 1)


def test_the_command_writes_summary_and_rows_and_prints_the_table(tmp_path: Path) -> None:
    """One call from names to files."""
    text = "name: mine\ntitle: own\nduration_s: 60\ntargets: [{name: upload}]\n"
    (tmp_path / "mine.yaml").write_text(text)
    arguments = ["run", "--scenario", str(tmp_path / "mine.yaml"), "--policy", "none,static-half", "--seeds", "2"]
    done = CliRunner().invoke(command, [*arguments, "--jobs", "1", "--out", str(tmp_path / "out")])
    assert done.exit_code == 0, done.output
    assert "static-half" in done.output
    summary = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert set(summary["policies"]["none"]["scenarios"]["mine"]) >= {
        "violation_ratio",
        "longest_run_s",
        "be_compliant_ratio",
        "writes_per_min",
    }
    with (tmp_path / "out" / "runs.csv").open() as file:
        assert len(list(csv.DictReader(file))) == 2 * 3


def test_both_halves_of_the_plants_have_every_buffer_delay_and_burst() -> None:
    """A half that lacked one value would answer another question."""
    halves = [
        {plant for plant, _ in batch_spec("normal", "none", "grid", 20, half).worlds}
        for half in ("tuning", "reporting")
    ]
    for name in ("buffer_ms", "actuation_s", "burst_bytes"):
        assert {getattr(plant, name) for plant in halves[0]} == {getattr(plant, name) for plant in halves[1]}


@pytest.mark.parametrize("half", ["tuning", "reporting"])
def test_three_seeds_already_meet_every_buffer(half: str) -> None:
    """A short batch is a rough one, but not one of another question."""
    worlds = batch_spec("normal", "none", "grid", 3, half).worlds
    assert {plant.buffer_ms for plant, _ in worlds} == {2.0, 8.0, 30.0}
    assert len({plant.actuation_s for plant, _ in worlds}) > 1


def test_no_fault_reaches_the_oracle() -> None:
    """It measures what the link allows, not what an API refuses."""
    faulty = scenario("faults: [{kind: writes-fail, at_s: 0, for_s: 60, share: 1.0}]", critical="0.5")
    assert run_job(jobs([faulty], (), [(SMALL, 0)])[0]).oracle.violation_ratio == 0.0

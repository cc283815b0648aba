"""The reports of a batch: everything that was promised is written, and shows the worst that was measured."""

from __future__ import annotations

import csv
import json
import re
from dataclasses import replace
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from detnet_lab.simulator.batch import Job, Result, run_job
from detnet_lab.simulator.comparison import compare, write_summary
from detnet_lab.simulator.outcome import judge
from detnet_lab.simulator.plant import Plant
from detnet_lab.simulator.policies.registry import find
from detnet_lab.simulator.reports import write_reports
from detnet_lab.simulator.reports.ascii_timeline import WIDTH, timeline
from detnet_lab.simulator.simulation import run
from detnet_lab.simulator.simulator_scenario import Scenario, load

SHORT = """
name: short
title: A neighbour | jumps in
duration_s: 60
critical: 0.3
disturbances_s: [30]
targets: [{name: telemetry-upload, demand: [{level: 0.1}, {steps: [[30, 100.0]]}]}]
"""


@pytest.fixture(scope="module")
def short(tmp_path_factory: pytest.TempPathFactory) -> Scenario:
    """One minute with a step in it."""
    path = tmp_path_factory.mktemp("scenario") / "short.yaml"
    path.write_text(SHORT)
    return load(str(path))


@pytest.fixture(scope="module")
def worlds(short: Scenario) -> list[tuple[Job, Result]]:
    """Two seeds, two policies."""
    policies = (find("learned"), find("v5-fresh"))
    work = [Job(short, Plant(), seed, policies) for seed in (0, 1)]
    return [(job, run_job(job)) for job in work]


@pytest.fixture(scope="module")
def out(worlds: list[tuple[Job, Result]], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder with everything in it."""
    folder = tmp_path_factory.mktemp("out")
    results = [result for _, result in worlds]
    comparison = compare(results, "learned")
    protocol: dict[str, object] = {"seeds": [0, 1], "plants": ["p"], "half": "all"}
    write_summary(comparison, protocol, folder)
    (folder / "runs.csv").touch()
    write_reports(worlds, comparison, protocol, folder)
    return folder


def test_every_link_in_the_texts_leads_to_a_file(out: Path) -> None:
    """From the index, the summary, the comparison and the scenario's page."""
    pages = list(out.rglob("*.md"))
    assert {page.name for page in pages} == {"INDEX.md", "SUMMARY.md", "COMPARE.md", "short.md"}
    for page in pages:
        links = re.findall(r"\]\(([^)]+)\)", page.read_text())
        assert links
        for link in links:
            assert (page.parent / urlsplit(link).path).is_file(), f"{page.name}: {link}"


def test_every_tick_is_in_the_csv_and_in_the_json(out: Path) -> None:
    """Two a second, with every target and every term."""
    with (out / "scenarios" / "short.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    trace = json.loads((out / "scenarios" / "short.json").read_text())
    assert len(rows) == len(trace["links"][0]["ticks"]) == 120
    assert float(rows[-1]["cap_bps telemetry-upload"]) == trace["links"][0]["ticks"][-1]["cap_bps"][0]
    assert float(rows[-1]["term strain"]) == trace["links"][0]["ticks"][-1]["terms"]["strain"]


def test_the_shown_world_is_the_worst_one(worlds: list[tuple[Job, Result]], tmp_path: Path) -> None:
    """A report that picked a good one would flatter."""
    for bad in (0, 1):
        judged = [
            (job, replace(result, outcomes=tuple(replace(o, violating=5 + 30 * (at == bad)) for o in result.outcomes)))
            for at, (job, result) in enumerate(worlds)
        ]
        comparison = compare([result for _, result in judged], "learned")
        write_reports(judged, comparison, {"seeds": [0, 1], "plants": ["p"], "half": "all"}, tmp_path)
        text = (tmp_path / "scenarios" / "short.md").read_text()
        assert f"seed {bad}: 35 of 40 seconds violate" in text
        assert f'"seed":{bad},' in (tmp_path / "scenarios" / "short.json").read_text()


def test_the_page_has_every_policy(out: Path) -> None:
    """The reference first."""
    rows = re.findall(r"^\| ([\w-]+) \| ", (out / "scenarios" / "short.md").read_text(), re.MULTILINE)
    assert rows == ["policy", "learned", "v5-fresh"]


def test_the_timeline_is_ascii_and_fits_a_terminal(short: Scenario) -> None:
    """It marks violating seconds exactly where there are some."""
    trace = run(short, Plant(), find("none"), 0)
    drawn = timeline(trace, trace.links[0])
    assert drawn.isascii()
    assert max(map(len, drawn.splitlines())) <= WIDTH
    marks = next(line for line in drawn.splitlines() if "violating" in line)
    assert judge(trace).violating > 0
    assert "!" in marks[12 + 87 // 2 :]
    assert "!" not in marks[: 12 + 87 // 3]


def test_the_drawn_svg_stands_alone(out: Path) -> None:
    """Opened by itself it has its colours."""
    svg = (out / "scenarios" / "short.svg").read_text()
    assert "<style>" in svg
    assert "var(--" not in svg

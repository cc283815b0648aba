"""Writes everything that a reader of a batch may want, from one call."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from detnet_lab.report import compare
from detnet_lab.report.files import write_whole
from detnet_lab.report.png import render
from detnet_lab.simulator.batch import Job, Result
from detnet_lab.simulator.figures import Comparison
from detnet_lab.simulator.judge import Outcome
from detnet_lab.simulator.policies.base import Policy
from detnet_lab.simulator.reports import pages
from detnet_lab.simulator.reports.picture import picture
from detnet_lab.simulator.reports.ticks import as_csv
from detnet_lab.simulator.run import run
from detnet_lab.simulator.trace import Trace

FOLDER = "scenarios"


def write_reports(
    worlds: Sequence[tuple[Job, Result]],
    comparison: Comparison,
    protocol: Mapping[str, object],
    out_dir: Path,
    tell: Callable[[str], None] = lambda _: None,
) -> Path:
    """Write ``INDEX.md``, ``SUMMARY.md``, the comparison and ``scenarios/<name>.{md,svg,png,json,csv}``.

    A scenario is shown under the reference policy, in the world in which it violated most: a reader should see the
    worst of what was measured. That world is run once more for it, which gives the very same trace.

    Args:
        worlds: the batch's worlds, each with what became of it.
        comparison: their figures.
        protocol: what ``summary.json`` says about how they came about.
        out_dir: where to write; it is made if it does not exist.
        tell: called with the name of each scenario as it is drawn.

    Returns:
        The index.

    Raises:
        UserError: a file cannot be written, or no font is installed.
    """
    titles = {job.scenario.name: job.scenario.title for job, _ in worlds}
    for name in titles:
        tell(name)
        here = [(job, result) for job, result in worlds if job.scenario.name == name]
        job, outcome = _worst(here, comparison.reference)
        trace = run(job.scenario, job.plant, _policy(job, comparison.reference), job.seed)
        _write_scenario(out_dir / FOLDER, trace, job, pages.Scenario(comparison, outcome, len(here)))
    raw = {"schema": 1, "protocol": dict(protocol), **comparison.to_json()}
    compare.write(raw, out_dir)
    write_whole(out_dir / "SUMMARY.md", pages.summary(comparison, titles))
    index = out_dir / "INDEX.md"
    write_whole(index, pages.index(titles))
    return index


def _write_scenario(folder: Path, trace: Trace, job: Job, told: pages.Scenario) -> None:
    name = job.scenario.name
    svg = picture(trace, job.scenario.title, pages.outcome(told.shown))
    write_whole(folder / f"{name}.svg", pages.standalone(svg))
    write_whole(folder / f"{name}.png", render(svg))
    write_whole(folder / f"{name}.csv", as_csv(trace))
    write_whole(folder / f"{name}.json", json.dumps(asdict(trace), separators=(",", ":")) + "\n")
    write_whole(folder / f"{name}.md", pages.scenario(trace, job.scenario.title, told))


def _worst(here: Sequence[tuple[Job, Result]], policy: str) -> tuple[Job, Outcome]:
    """Return the world in which a policy violated most; among equals, got least."""
    outcomes = [(job, outcome) for job, result in here for outcome in result.outcomes if outcome.policy == policy]
    return max(outcomes, key=lambda each: (each[1].violation_ratio, -each[1].compliant_bps))


def _policy(job: Job, name: str) -> Policy:
    return next(policy for policy in job.policies if policy.name == name)

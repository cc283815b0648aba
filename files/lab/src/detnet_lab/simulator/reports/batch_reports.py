"""Writes everything that a reader of a batch may want, from one call."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from pathlib import Path

from detnet_lab.report import compare
from detnet_lab.report.output_files import render_png, standalone_svg, write_whole
from detnet_lab.simulator.batch import Job, Result
from detnet_lab.simulator.comparison import Comparison
from detnet_lab.simulator.outcome import Outcome
from detnet_lab.simulator.policies.policy_interface import Policy
from detnet_lab.simulator.reports import scenario_pages as pages
from detnet_lab.simulator.reports.trace_picture import picture
from detnet_lab.simulator.simulation import run
from detnet_lab.simulator.trace import Tick, Trace

FOLDER = "scenarios"
_PLAIN = (
    "at_s", "capacity_bps", "critical_bps", "truth_p95_ms", "lost_bits", "jitter_ms", "latency_ms", "loss_ratio",
    "mode", "action", "reason",
)  # fmt: skip
_PER_TARGET = ("demand_bps", "cap_bps", "limit_bps", "goodput_bps")


def write_reports(
    worlds: Sequence[tuple[Job, Result]],
    comparison: Comparison,
    protocol: Mapping[str, object],
    out_dir: Path,
) -> Path:
    """Write ``INDEX.md``, ``SUMMARY.md``, the comparison and ``scenarios/<name>.{md,svg,png,json,csv}``.

    A scenario is shown under the reference policy, in the world in which it violated most: a reader should see the
    worst of what was measured. That world is run once more for it, which gives the very same trace.

    Args:
        worlds: the batch's worlds, each with what became of it.
        comparison: their figures.
        protocol: what ``summary.json`` says about how they came about.
        out_dir: where to write; it is made if it does not exist.

    Returns:
        The index.

    Raises:
        UserError: a file cannot be written, or no font is installed.
    """
    titles = {job.scenario.name: job.scenario.title for job, _ in worlds}
    for name in titles:
        here = [(job, result) for job, result in worlds if job.scenario.name == name]
        job, outcome = _worst(here, comparison.reference)
        trace = run(job.scenario, job.plant, _policy(job, comparison.reference), job.seed)
        _write_scenario(out_dir / FOLDER, trace, job, pages.ScenarioResult(comparison, outcome, len(here)))
    raw = {"schema": 1, "protocol": dict(protocol), **comparison.to_json()}
    compare.write(raw, out_dir)
    write_whole(out_dir / "SUMMARY.md", pages.summary_page(comparison, titles))
    index = out_dir / "INDEX.md"
    write_whole(index, pages.index_page(titles))
    return index


def _write_scenario(folder: Path, trace: Trace, job: Job, about: pages.ScenarioResult) -> None:
    name = job.scenario.name
    svg = picture(trace, job.scenario.title, pages.outcome_text(about.shown))
    write_whole(folder / f"{name}.svg", standalone_svg(svg))
    write_whole(folder / f"{name}.png", render_png(svg))
    write_whole(folder / f"{name}.csv", as_csv(trace))
    write_whole(folder / f"{name}.json", json.dumps(asdict(trace), separators=(",", ":")) + "\n")
    write_whole(folder / f"{name}.md", pages.scenario_page(trace, job.scenario.title, about))


def _worst(here: Sequence[tuple[Job, Result]], policy: str) -> tuple[Job, Outcome]:
    """Return the world in which a policy violated most; among equals, got least."""
    outcomes = [(job, outcome) for job, result in here for outcome in result.outcomes if outcome.policy == policy]
    return max(outcomes, key=lambda each: (each[1].violation_ratio, -each[1].compliant_bps))


def _policy(job: Job, name: str) -> Policy:
    return next(policy for policy in job.policies if policy.name == name)


def as_csv(trace: Trace) -> str:
    """Return the ticks; a value that is not known is empty. Columns of a target end in its name."""
    links = list(enumerate(trace.links))
    targets = list(dict.fromkeys(target for link in trace.links for target in link.targets))
    terms = sorted({term for link in trace.links for tick in link.ticks for term in tick.terms})
    text = io.StringIO()
    rows = csv.writer(text)
    per_target = [f"{key} {target}" for target in targets for key in _PER_TARGET]
    rows.writerow(["link", *_PLAIN, *per_target, *(f"term {term}" for term in terms)])
    for number, link in links:
        place = {target: at for at, target in enumerate(link.targets)}
        for tick in link.ticks:
            rows.writerow(
                [
                    number,
                    *(getattr(tick, key) for key in _PLAIN),
                    *(_value(tick, key, place.get(target)) for target in targets for key in _PER_TARGET),
                    *(tick.terms.get(term) for term in terms),
                ]
            )
    return text.getvalue()


def _value(tick: Tick, key: str, at: int | None) -> float | None:
    return None if at is None else getattr(tick, key)[at]

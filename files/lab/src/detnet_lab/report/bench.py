"""Several policies on one scenario, side by side: the table, the page and the picture."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any

from detnet.model.errors import UserError
from detnet.text import MISSING, Table, share
from detnet_lab.report import run_text
from detnet_lab.report.chart.run_pictures import draw_runs
from detnet_lab.report.judge import Summary, judge
from detnet_lab.report.markup import comparison_page
from detnet_lab.report.output_files import render_png, write_whole
from detnet_lab.report.run_record import Run, parse

POLICIES = ("steps", "graded", "aimd")
"""The v1 controller's control policies: what a policy is measured against."""

_FIRST, _LAST = "none", "static"  # the ends: no protection at all, and protection by giving half of the link away


@dataclass(frozen=True, slots=True)
class Entry:
    """One run in the comparison; ``ratios`` maps each policy to our score over its (``None``: that policy has none)."""

    label: str
    run: Run
    summary: Summary
    ratios: Mapping[str, float | None]

    def to_json(self) -> dict[str, object]:
        """Return the run's summary with its name and ratios."""
        return {"label": self.label, "ratios": dict(self.ratios), **self.summary.to_json()}


@dataclass(frozen=True, slots=True)
class Bench:
    """All runs of one scenario, the ends first and last."""

    scenario: str
    entries: tuple[Entry, ...]

    @property
    def table(self) -> Table:
        """One row per run."""
        header = (
            "policy",
            "violating",
            "longest",
            "protected",
            "of the rest",
            "score",
            *(f"vs {policy}" for policy in POLICIES),
        )
        rows = []
        for entry in self.entries:
            total = entry.summary.total
            ratios = (MISSING if ratio is None else f"{ratio:.2f}x" for ratio in entry.ratios.values())
            rows.append(
                (
                    entry.label,
                    run_text.violations(total),
                    run_text.seconds(total.longest_violation_s),
                    run_text.protection(total),
                    share(total.utilisation),
                    MISSING if total.score is None else f"{total.score:.3f}",
                    *ratios,
                )
            )
        return Table(header, tuple(rows))


def compare(runs: Sequence[Mapping[str, Any]], out_dir: Path) -> Bench:
    """Write ``bench.json``, ``bench.html`` and ``bench.png`` and return the comparison; ``table.text()`` prints it.

    Args:
        runs: what the ``run.json`` of each run holds.
        out_dir: where to write; it is made if it does not exist.

    Raises:
        UserError: there is no run, one cannot be read, they are not of one scenario, or a file cannot be written.
    """
    comparison = _compare([parse(raw, f"run {number}") for number, raw in enumerate(runs, start=1)])
    entries = comparison.entries
    title = f"{comparison.scenario}: {len(entries)} runs under different policies"
    columns = [e.label for e in entries], [e.run for e in entries], [e.summary for e in entries]
    page_chart, picture = (draw_runs(title, *columns, heading=heading) for heading in (False, True))
    content = {"scenario": comparison.scenario, "runs": [entry.to_json() for entry in entries]}
    write_whole(out_dir / "bench.json", json.dumps(content, indent=2) + "\n")
    write_whole(out_dir / "bench.html", comparison_page(title, comparison.table, page_chart))
    write_whole(out_dir / "bench.png", render_png(picture))
    return comparison


def _compare(runs: Sequence[Run]) -> Bench:
    kinds = {(run.scenario, run.objective_ms) for run in runs}
    if len(kinds) != 1:
        found = ", ".join(f"{name} at {objective_ms:g} ms" for name, objective_ms in sorted(kinds)) or "no run at all"
        raise UserError(f"a comparison needs runs of one scenario and one objective, got {found}")
    ordered = sorted(runs, key=_place)
    summaries = [judge(run) for run in ordered]
    policies = {policy: _mean_score(summaries, policy) for policy in POLICIES}
    entries = tuple(
        Entry(label, run, summary, {policy: _ratio(summary.total.score, score) for policy, score in policies.items()})
        for label, run, summary in zip(_labels(ordered), ordered, summaries, strict=True)
    )
    return Bench(ordered[0].scenario, entries)


def _place(run: Run) -> tuple[int, str]:
    if run.policy in (_FIRST, _LAST):
        return (-1 if run.policy == _FIRST else 99, run.policy)
    return (POLICIES.index(run.policy) if run.policy in POLICIES else len(POLICIES), run.policy)


def _labels(runs: Sequence[Run]) -> list[str]:
    """Return the policies' names, repeated ones numbered."""
    names = [run.policy for run in runs]
    return [
        f"{name} ({names[: at + 1].count(name)})" if names.count(name) > 1 else name for at, name in enumerate(names)
    ]


def _mean_score(summaries: Sequence[Summary], policy: str) -> float | None:
    scores = [s.total.score for s in summaries if s.policy == policy and s.total.score is not None]
    return fmean(scores) if scores else None


def _ratio(score: float | None, other: float | None) -> float | None:
    return score / other if score is not None and other else None

"""The texts: a page per scenario, the summary of all and the index. Markdown, readable as it stands."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from detnet.text import MISSING, Table
from detnet_lab.report.estimates import interval
from detnet_lab.report.markup import escaped, markdown
from detnet_lab.simulator.comparison import Comparison, ScenarioFigures
from detnet_lab.simulator.outcome import WARM_UP_S, Outcome
from detnet_lab.simulator.reports.ascii_timeline import timeline
from detnet_lab.simulator.trace import Trace

_FIGURES = (
    "violating seconds", "longest run", "worst run", "goodput of oracle", "writes/min", "protected after",
)  # fmt: skip
_FILES = {
    "SUMMARY.md": "the reference policy in every scenario",
    "COMPARE.md": "all policies against the oracle",
    "compare.html": "the same as a page",
    "compare.png": "the same as a picture",
    "summary.json": "every figure with its interval",
    "runs.csv": "one row per run",
}


@dataclass(frozen=True, slots=True)
class ScenarioResult:
    """What a scenario's page shows besides its trace: all policies' figures, the shown world's, and of how many."""

    comparison: Comparison
    shown: Outcome
    worlds: int


def scenario_page(trace: Trace, title: str, result: ScenarioResult) -> str:
    """Return the page of one scenario."""
    name = trace.scenario
    which = f"the one of {result.worlds} worlds in which it violated most" if result.worlds > 1 else "its only world"
    about = (
        f"`{name}`, {trace.duration_s:g} s, the first {WARM_UP_S} s not judged. Means over all worlds with 95 % "
        "intervals; goodput counts only in clean seconds."
    )
    ticks = f"Every tick: [{name}.csv]({name}.csv), [{name}.json]({name}.json). To scale: [{name}.svg]({name}.svg)."
    parts = [
        f"# {escaped(title)}",
        about,
        markdown(policies(result.comparison, name)),
        f"## {trace.policy}, {which}",
        f"Plant {trace.plant.name}, seed {trace.seed}: {outcome_text(result.shown)}.",
        f"![{escaped(title)}]({name}.png)",
        *_timelines(trace),
        ticks,
    ]
    return "\n\n".join(parts) + "\n"


def outcome_text(one: Outcome) -> str:
    """Return what became of one run, in words."""
    return (
        f"{one.violating} of {one.windows} seconds violate, the longest run is {one.longest_run_s} s, "
        f"the worst p95 {one.worst_pdv_ms:.3g} ms over the empty path"
    )


def policies(comparison: Comparison, name: str) -> Table:
    """Return one row per policy in one scenario, the reference first."""
    found = {policy: by_scenario[name] for policy, by_scenario in comparison.by_policy.items() if name in by_scenario}
    order = sorted(found, key=lambda policy: (policy != comparison.reference, found[policy].violation_ratio.mean))
    return Table(("policy", *_FIGURES), tuple(_row(policy, found[policy]) for policy in order))


def summary_page(comparison: Comparison, titles: Mapping[str, str]) -> str:
    """Return the reference policy's figures in every scenario, the worst first."""
    policy = comparison.reference
    figures, total = comparison.by_policy[policy], comparison.totals[policy]
    order = sorted(figures, key=lambda name: -figures[name].violation_ratio.mean)
    whole = (
        f"{100 * total.violation_ratio:.2f} % of all seconds violate; worst is {total.worst_scenario} with "
        f"{100 * total.worst_violation_ratio:.1f} %. The longest violation lasts {total.longest_run_s} s. Best effort "
        f"gets {100 * total.be_compliant_ratio:.1f} % of the oracle's goodput, counted in clean seconds, with "
        f"{total.writes_per_min:.1f} writes a minute and target."
    )
    parts = [
        f"# {policy} in {len(figures)} scenarios",
        whole,
        markdown(Table(("scenario", *_FIGURES), tuple(_row(name, figures[name]) for name in order))),
        "All policies against the oracle: [COMPARE.md](COMPARE.md), [compare.html](compare.html).",
        "\n".join(f"- [{name}](scenarios/{name}.md): {escaped(titles[name])}" for name in order),
    ]
    return "\n\n".join(parts) + "\n"


def index_page(titles: Mapping[str, str]) -> str:
    """Return the list of everything in the folder."""
    listed = "\n".join(f"- [{name}]({name}): {what}" for name, what in _FILES.items())
    lines = ["| scenario | what happens | files |", "|---|---|---|"]
    for name, title in titles.items():
        files = " ".join(f"[{end}](scenarios/{name}.{end})" for end in ("png", "svg", "csv", "json"))
        lines.append(f"| [{name}](scenarios/{name}.md) | {escaped(title)} | {files} |")
    return f"# Index\n\n{listed}\n\n" + "\n".join(lines) + "\n"


def _timelines(trace: Trace) -> list[str]:
    several = len(trace.links) > 1
    return [
        (f"### Link {number}\n\n" if several else "") + f"```text\n{timeline(trace, link)}\n```"
        for number, link in enumerate(trace.links, 1)
    ]


def _row(name: str, figures: ScenarioFigures) -> tuple[str, ...]:
    return (
        name,
        interval(figures.violation_ratio, 100.0, " %"),
        interval(figures.longest_run_s, 1.0, " s"),
        f"{figures.worst_run_s} s",
        interval(figures.be_compliant_ratio, 100.0, " %"),
        interval(figures.writes_per_min, 1.0, ""),
        _protection(figures),
    )


def _protection(figures: ScenarioFigures) -> str:
    never = f"{figures.unprotected} never" if figures.unprotected else ""
    after = "" if figures.protect_s is None else f"{figures.protect_s:.1f} s"
    return ", ".join(part for part in (after, never) if part) or MISSING

"""The ablation table: what each part of the learned policy buys, as what its absence costs in the same worlds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from detnet.text import MISSING, Table
from detnet_lab.report.estimates import Estimate, interval
from detnet_lab.report.markup import markdown
from detnet_lab.report.output_files import write_whole
from detnet_lab.simulator.comparison import Comparison
from detnet_lab.simulator.policies.ablations import ABLATIONS

NAME = "ABLATION.md"
_ABOUT = (
    "Each row is {policy} with one part off, less {policy} whole, in the same {worlds} worlds of {scenarios} scenarios "
    "(half of seeds and plants: {half}): what the part buys is what its absence costs. Brackets are 95 % intervals; "
    "points are percentage points, of all seconds or of the oracle's goodput. *Most in* is the scenario that suffers "
    "most, and only a hint: among so many one or two stand out by chance."
)


def write(comparison: Comparison, protocol: Mapping[str, object], folder: Path) -> Path:
    """Write ``ABLATION.md`` and return its path.

    Raises:
        UserError: it cannot be written.
    """
    scenarios = comparison.by_policy[comparison.reference]
    about = _ABOUT.format(
        policy=comparison.reference,
        worlds=sum(figures.worlds for figures in scenarios.values()),
        scenarios=len(scenarios),
        half=protocol["half"],
    )
    total = comparison.totals[comparison.reference]
    whole = (
        f"Whole, it violates in {100 * total.violation_ratio:.2f} % of all seconds, gets "
        f"{100 * total.be_compliant_ratio:.1f} % of the oracle's goodput in clean ones and writes "
        f"{total.writes_per_min:.1f} times a minute and target."
    )
    path = folder / NAME
    write_whole(path, "\n\n".join(["# What each part buys", about, whole, markdown(table(comparison))]) + "\n")
    return path


def table(comparison: Comparison) -> Table:
    """Return one row per part, that which saves most violations first."""
    header = ("without", "then", "violating seconds", "goodput", "writes/min", "most in", "the part buys")
    names = sorted(
        (name for name in comparison.against if name in ABLATIONS),
        key=lambda name: comparison.against[name]["violation_ratio"].mean,
    )
    return Table(header, tuple(_row(comparison, name) for name in names))


def terminal_table(comparison: Comparison) -> Table:
    """Return what fits a terminal: each part, what its absence costs in violations, and all that it buys."""
    rows = table(comparison).rows
    return Table(("part", "violating seconds without it", "buys"), tuple((row[0], row[2], row[-1]) for row in rows))


def verdict(violations: Estimate, goodput: Estimate, writes: Estimate) -> str:
    """Return what a part buys and costs, as far as the intervals of its absence exclude zero."""
    buys = [
        *_sign(violations, "fewer violations", "more violations"),
        *_sign(_negative(goodput), "more goodput", "less goodput"),
        *_sign(writes, "fewer writes", "more writes"),
    ]
    return ", ".join(buys) or "nothing measurable"


def _row(comparison: Comparison, name: str) -> tuple[str, ...]:
    cost = {figure: _negative(estimate) for figure, estimate in comparison.against[name].items()}
    violations, goodput, writes = (cost[key] for key in ("violation_ratio", "be_compliant_ratio", "writes_per_min"))
    return (
        ABLATIONS[name].part,
        ABLATIONS[name].instead,
        interval(violations, 100.0, " points", signed=True, digits=2),
        interval(goodput, 100.0, " points", signed=True),
        interval(writes, 1.0, "", signed=True),
        _most(comparison, name),
        verdict(violations, goodput, writes),
    )


def _most(comparison: Comparison, name: str) -> str:
    """Return where the part's absence costs most violations for certain, else most goodput."""
    worst = _worst(comparison, name, lambda found: _negative(found["violation_ratio"]))
    if worst:
        return f"{worst[0]}: {100 * worst[1]:+.1f} points of violating seconds"
    worst = _worst(comparison, name, lambda found: found["be_compliant_ratio"])
    return f"{worst[0]}: {-100 * worst[1]:+.1f} points of goodput" if worst else MISSING


def _worst(
    comparison: Comparison, name: str, cost: Callable[[Mapping[str, Estimate]], Estimate]
) -> tuple[str, float] | None:
    costs = {scenario: cost(found) for scenario, found in comparison.against_in[name].items()}
    certain = {scenario: one.mean for scenario, one in costs.items() if one.low > 0.0}
    return max(certain.items(), key=lambda each: each[1], default=None)


def _sign(cost: Estimate, buys: str, costs: str) -> list[str]:
    return [buys] if cost.low > 0.0 else [costs] if cost.high < 0.0 else []


def _negative(one: Estimate) -> Estimate:
    return Estimate(-one.mean, -one.high, -one.low)

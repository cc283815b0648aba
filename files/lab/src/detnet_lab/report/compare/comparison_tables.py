"""The comparison as tables: one row per policy, with 95 % intervals; the paired differences; policy by scenario."""

from __future__ import annotations

from detnet.text import Table, many
from detnet_lab.report.compare.batch_summary import BatchSummary, PolicyTotal
from detnet_lab.report.estimates import interval


def headline(batch: BatchSummary) -> str:
    """Return the comparison in one sentence: the reference policy and the best of the others."""
    totals = {total.name: total for total in batch.totals()}
    reference = totals.pop(batch.reference, None)
    if reference is None:
        return f"{len(totals)} policies in {len(batch.scenarios)} scenarios"
    first = (
        f"{reference.name} violates in {percent(reference.violation.mean)} of all seconds "
        f"at {_share(reference)} of the goodput"
    )
    if not totals:
        return f"{first} of an oracle"
    best = next(iter(totals.values()))
    return (
        f"{first} of an oracle; the best other policy, {best.name}, in {percent(best.violation.mean)} at {_share(best)}"
    )


def policies(batch: BatchSummary) -> Table:
    """Return one row per policy over all scenarios, the best first."""
    header = (
        "policy", "violating seconds", "worst scenario", "which", "longest run", "worst run", "goodput of oracle",
        "writes/min",
    )  # fmt: skip
    rows = [
        (
            total.name,
            interval(total.violation, 100.0, " %"),
            interval(total.worst_violation, 100.0, " %"),
            total.worst_scenario,
            interval(total.longest_run_s, 1.0, " s"),
            f"{total.worst_run_s} s",
            interval(total.goodput, 100.0, " %"),
            interval(total.writes_per_min, 1.0, ""),
        )
        for total in batch.totals()
    ]
    return Table(header, tuple(rows))


def differences(batch: BatchSummary) -> Table:
    """Return the reference policy less each other policy, in the same worlds; points are percentage points."""
    header = (f"{batch.reference} less", "violating seconds", "goodput of oracle")
    rows = [
        (
            total.name,
            interval(batch.against[total.name].violation_ratio, 100.0, " points", signed=True),
            interval(batch.against[total.name].be_compliant_ratio, 100.0, " points", signed=True),
        )
        for total in batch.totals()
        if total.name in batch.against
    ]
    return Table(header, tuple(rows))


def by_scenario(batch: BatchSummary, figure: str) -> Table:
    """Return one row per scenario and one column per policy: the means of a ratio, in percent."""
    names = [total.name for total in batch.totals()]
    rows = [
        (scenario, *(f"{100 * getattr(batch.policies[name].scenarios[scenario], figure).mean:.1f}" for name in names))
        for scenario in batch.scenarios
    ]
    return Table(("%", *names), tuple(rows))


def protocol(batch: BatchSummary) -> str:
    """Return how the figures came about, in one sentence."""
    worlds = sum(figures.worlds for figures in next(iter(batch.policies.values())).scenarios.values())
    seeds, plants = many(len(set(batch.protocol.seeds)), "seed"), many(len(set(batch.protocol.plants)), "plant")
    half = "" if batch.protocol.half == "all" else f", the {batch.protocol.half} half of them"
    return (
        f"{many(len(batch.policies), 'policy')} met the same {many(worlds, 'world')}: "
        f"{many(len(batch.scenarios), 'scenario')}, {seeds}, {plants}{half}. "
        "Judged on the plant's truth in windows of 1 s; goodput counts only in clean seconds, as a share of what an "
        "oracle gets that knows the plant. Brackets are 95 % intervals."
    )


def percent(value: float) -> str:
    """Return a ratio in percent, with two digits where one would hide it."""
    return f"{100 * value:.{2 if 0 < value < 0.001 else 1}f} %"


def _share(total: PolicyTotal) -> str:
    return f"{100 * total.goodput.mean:.0f} %"

"""A comparison as a table for the terminal."""

from __future__ import annotations

from collections.abc import Iterator

from detnet_lab.simulator.figures import Comparison

_TOTAL = "all scenarios"


def lines(comparison: Comparison) -> Iterator[str]:
    """Yield one table per scenario, then that of all: violating seconds, longest run, goodput, writes."""
    scenarios = sorted({scenario for figures in comparison.by_policy.values() for scenario in figures})
    for scenario in scenarios:
        yield f"{scenario:<18} violation   longest    compliant goodput   writes/min   protect"
        for policy, figures in comparison.by_policy.items():
            if scenario not in figures:
                continue
            one = figures[scenario]
            protect = "-" if one.protect_s is None else f"{one.protect_s:.1f} s"
            never = f" ({one.unprotected} never)" if one.unprotected else ""
            yield (
                f"  {policy:<16} {one.violation_ratio.mean:8.2%}   {one.worst_run_s:5d} s    "
                f"{one.be_compliant_ratio.mean:8.1%} of oracle   {one.writes_per_min.mean:8.1f}   {protect:>7}{never}"
            )
        yield ""
    yield f"{_TOTAL:<18} violation   longest    compliant goodput   writes/min   worst scenario"
    for policy, total in comparison.totals.items():
        yield (
            f"  {policy:<16} {total.violation_ratio:8.2%}   {total.longest_run_s:5d} s    "
            f"{total.be_compliant_ratio:8.1%} of oracle   {total.writes_per_min:8.1f}   "
            f"{total.worst_scenario} {total.worst_violation_ratio:.1%}"
        )

"""From outcomes to figures (per policy and scenario, over all scenarios, pairwise), ``summary.json`` and a table."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import fmean

from detnet_lab.report.estimates import Estimate, difference, estimate
from detnet_lab.report.output_files import write_whole
from detnet_lab.simulator.batch import Result
from detnet_lab.simulator.outcome import Outcome


@dataclass(frozen=True, slots=True)
class ScenarioFigures:
    """One policy in one scenario, over seeds and plants. Ratios in [0, 1], except where a policy outdoes the oracle.

    ``be_compliant_ratio`` is best effort's goodput in clean seconds over the oracle's in the same world;
    ``protect_s`` is the mean over the disturbances that were protected against, ``None`` where there were none;
    ``broken_ratio`` is the share of seconds in which each critical workload's objective was violated.
    """

    worlds: int
    violation_ratio: Estimate
    longest_run_s: Estimate
    be_compliant_ratio: Estimate
    writes_per_min: Estimate
    protect_s: float | None
    unprotected: int
    worst_run_s: int
    broken_ratio: Mapping[str, Estimate]


@dataclass(frozen=True, slots=True)
class Totals:
    """One policy over all scenarios, each scenario counting the same; ``worst_scenario`` has the most violations."""

    violation_ratio: float
    worst_scenario: str
    worst_violation_ratio: float
    longest_run_s: int
    be_compliant_ratio: float
    writes_per_min: float


@dataclass(frozen=True, slots=True)
class Comparison:
    """All figures of a batch.

    ``against`` holds, for each other policy, the reference's mean paired differences in violation ratio, in compliant
    ratio and in writes over all worlds; ``against_in`` the same for each scenario.
    """

    reference: str
    by_policy: Mapping[str, Mapping[str, ScenarioFigures]]
    totals: Mapping[str, Totals]
    against: Mapping[str, Mapping[str, Estimate]]
    against_in: Mapping[str, Mapping[str, Mapping[str, Estimate]]]

    def to_json(self) -> dict[str, object]:
        """Return the figures as JSON values: for each policy its totals and its scenarios."""
        policies = {
            policy: {
                "all": asdict(self.totals[policy]),
                "scenarios": {scenario: asdict(figures) for scenario, figures in by_scenario.items()},
            }
            for policy, by_scenario in self.by_policy.items()
        }
        against = {
            policy: {
                **{key: asdict(one) for key, one in found.items()},
                "scenarios": {
                    scenario: {key: asdict(one) for key, one in each.items()}
                    for scenario, each in self.against_in[policy].items()
                },
            }
            for policy, found in self.against.items()
        }
        return {"policies": policies, "reference": self.reference, "against": against}


@dataclass(frozen=True, slots=True)
class _Row:
    outcome: Outcome
    share: float


def compare(results: Sequence[Result], reference: str) -> Comparison:
    """Return the figures of a batch; ``reference`` is the policy that the others are compared with."""
    rows: dict[str, dict[str, list[_Row]]] = {}
    for result in results:
        for outcome in result.outcomes:
            share = _share(outcome, result.oracle)
            rows.setdefault(outcome.policy, {}).setdefault(outcome.scenario, []).append(_Row(outcome, share))
    by_policy = {
        policy: {scenario: _figures(list_) for scenario, list_ in by_scenario.items()}
        for policy, by_scenario in rows.items()
    }
    own = rows.get(reference, {})
    others = [policy for policy in rows if own and policy != reference]
    return Comparison(
        reference=reference,
        by_policy=by_policy,
        totals={policy: _totals(figures) for policy, figures in by_policy.items()},
        against={
            policy: _against([pair for name in own for pair in _pairs(own, rows[policy], name)]) for policy in others
        },
        against_in={policy: {name: _against(_pairs(own, rows[policy], name)) for name in own} for policy in others},
    )


def _share(outcome: Outcome, oracle: Outcome) -> float:
    """Return the goodput against the oracle's; where even the oracle gets nothing, nothing is all there is."""
    return outcome.compliant_bps / oracle.compliant_bps if oracle.compliant_bps > 0.0 else 1.0


def _figures(rows: Sequence[_Row]) -> ScenarioFigures:
    outcomes = [row.outcome for row in rows]
    delays = [outcome.protect_s for outcome in outcomes if outcome.protect_s is not None]
    return ScenarioFigures(
        worlds=len(rows),
        violation_ratio=estimate([outcome.violation_ratio for outcome in outcomes]),
        longest_run_s=estimate([float(outcome.longest_run_s) for outcome in outcomes]),
        be_compliant_ratio=estimate([row.share for row in rows]),
        writes_per_min=estimate([outcome.writes_per_min for outcome in outcomes]),
        protect_s=fmean(delays) if delays else None,
        unprotected=sum(outcome.unprotected for outcome in outcomes),
        worst_run_s=max(outcome.longest_run_s for outcome in outcomes),
        broken_ratio={
            name: estimate([outcome.broken[name] / outcome.windows for outcome in outcomes])
            for name in outcomes[0].broken
        },
    )


def _totals(by_scenario: Mapping[str, ScenarioFigures]) -> Totals:
    worst = max(by_scenario, key=lambda name: by_scenario[name].violation_ratio.mean)
    every = list(by_scenario.values())
    return Totals(
        violation_ratio=fmean(one.violation_ratio.mean for one in every),
        worst_scenario=worst,
        worst_violation_ratio=by_scenario[worst].violation_ratio.mean,
        longest_run_s=max(one.worst_run_s for one in every),
        be_compliant_ratio=fmean(one.be_compliant_ratio.mean for one in every),
        writes_per_min=fmean(one.writes_per_min.mean for one in every),
    )


def _pairs(
    own: Mapping[str, Sequence[_Row]], other: Mapping[str, Sequence[_Row]], scenario: str
) -> list[tuple[_Row, _Row]]:
    return list(zip(own[scenario], other[scenario], strict=True))


def _against(pairs: Sequence[tuple[_Row, _Row]]) -> Mapping[str, Estimate]:
    figures: dict[str, Callable[[_Row], float]] = {
        "violation_ratio": lambda row: row.outcome.violation_ratio,
        "be_compliant_ratio": lambda row: row.share,
        "writes_per_min": lambda row: row.outcome.writes_per_min,
    }
    return {
        key: difference([figure(one) for one, _ in pairs], [figure(other) for _, other in pairs])
        for key, figure in figures.items()
    }


def write_summary(comparison: Comparison, protocol: Mapping[str, object], folder: Path) -> None:
    """Write ``summary.json``.

    Raises:
        UserError: the folder or the file cannot be written.
    """
    figures = {"schema": 1, "protocol": dict(protocol), **comparison.to_json()}
    write_whole(folder / "summary.json", json.dumps(figures, indent=1, allow_nan=False) + "\n")


def terminal_lines(comparison: Comparison) -> Iterator[str]:
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
    yield f"{'all scenarios':<18} violation   longest    compliant goodput   writes/min   worst scenario"
    for policy, total in comparison.totals.items():
        yield (
            f"  {policy:<16} {total.violation_ratio:8.2%}   {total.longest_run_s:5d} s    "
            f"{total.be_compliant_ratio:8.1%} of oracle   {total.writes_per_min:8.1f}   "
            f"{total.worst_scenario} {total.worst_violation_ratio:.1%}"
        )

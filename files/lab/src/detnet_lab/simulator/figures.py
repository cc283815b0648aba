"""From outcomes to the figures that are reported: per policy and scenario, over all scenarios, and pairwise."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from statistics import fmean

from detnet_lab.simulator.batch import Result
from detnet_lab.simulator.judge import Outcome
from detnet_lab.simulator.statistics import Estimate, difference, estimate


@dataclass(frozen=True, slots=True)
class Figures:
    """One policy in one scenario, over seeds and plants. Ratios in [0, 1], except where a policy outdoes the oracle.

    ``be_compliant_ratio`` is best effort's goodput in clean seconds over the oracle's in the same world;
    ``protect_s`` is the mean over the disturbances that were protected against, ``None`` where there were none;
    ``broken_ratio`` is the share of seconds in which each critical workload's promise was broken.
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
    by_policy: Mapping[str, Mapping[str, Figures]]
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
    ours = rows.get(reference, {})
    others = [policy for policy in rows if ours and policy != reference]
    return Comparison(
        reference=reference,
        by_policy=by_policy,
        totals={policy: _totals(figures) for policy, figures in by_policy.items()},
        against={
            policy: _against([pair for name in ours for pair in _pairs(ours, rows[policy], name)]) for policy in others
        },
        against_in={policy: {name: _against(_pairs(ours, rows[policy], name)) for name in ours} for policy in others},
    )


def _share(outcome: Outcome, oracle: Outcome) -> float:
    """Return the goodput against the oracle's; where even the oracle gets nothing, nothing is all there is."""
    return outcome.compliant_bps / oracle.compliant_bps if oracle.compliant_bps > 0.0 else 1.0


def _figures(rows: Sequence[_Row]) -> Figures:
    outcomes = [row.outcome for row in rows]
    delays = [outcome.protect_s for outcome in outcomes if outcome.protect_s is not None]
    return Figures(
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


def _totals(by_scenario: Mapping[str, Figures]) -> Totals:
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
    ours: Mapping[str, Sequence[_Row]], theirs: Mapping[str, Sequence[_Row]], scenario: str
) -> list[tuple[_Row, _Row]]:
    return list(zip(ours[scenario], theirs[scenario], strict=True))


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

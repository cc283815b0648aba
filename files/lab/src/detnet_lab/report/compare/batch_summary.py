"""The figures of a batch (``summary.json``), checked, and their means over all scenarios."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from detnet.model.errors import UserError
from detnet_lab.report.estimates import Estimate, mean

_VIOLATION_WEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class ScenarioSummary:
    """One policy in one scenario, over its worlds; ratios in [0, 1]."""

    worlds: int
    violation_ratio: Estimate
    longest_run_s: Estimate
    be_compliant_ratio: Estimate
    writes_per_min: Estimate
    worst_run_s: int


@dataclass(frozen=True, slots=True)
class PolicySummary:
    """One policy in all scenarios."""

    scenarios: Mapping[str, ScenarioSummary]


@dataclass(frozen=True, slots=True)
class Difference:
    """The reference policy's figures less another policy's in the same worlds."""

    violation_ratio: Estimate
    be_compliant_ratio: Estimate


@dataclass(frozen=True, slots=True)
class ProtocolSummary:
    """How the figures came about."""

    seeds: Sequence[int]
    plants: Sequence[str]
    half: str


@dataclass(frozen=True, slots=True)
class PolicyTotal:
    """One policy over all scenarios, each counting the same."""

    name: str
    violation: Estimate
    worst_scenario: str
    worst_violation: Estimate
    longest_run_s: Estimate
    worst_run_s: int
    goodput: Estimate
    writes_per_min: Estimate

    @property
    def rank(self) -> float:
        """Goodput less ten times the violations: the order of the page, and never shown without its parts."""
        return self.goodput.mean - _VIOLATION_WEIGHT * self.violation.mean


@dataclass(frozen=True, slots=True)
class BatchSummary:
    """What ``summary.json`` holds."""

    schema: Literal[1]
    protocol: ProtocolSummary
    policies: Mapping[str, PolicySummary]
    reference: str
    against: Mapping[str, Difference]

    def __post_init__(self) -> None:
        """Refuse a batch that compares nothing.

        Raises:
            ValueError: no policy, no scenario, or policies that met different scenarios.
        """
        met = {tuple(sorted(policy.scenarios)) for policy in self.policies.values()}
        if len(met) != 1 or () in met:
            raise ValueError("expected policies that all met the same scenarios, at least one of each")

    @property
    def scenarios(self) -> list[str]:
        """The scenarios, those that went worst for the policies on average last."""
        any_policy = next(iter(self.policies.values()))
        return sorted(
            any_policy.scenarios,
            key=lambda name: fmean(policy.scenarios[name].violation_ratio.mean for policy in self.policies.values()),
        )

    def totals(self) -> list[PolicyTotal]:
        """Return the policies over all scenarios, the best first."""
        return sorted((_total(name, policy) for name, policy in self.policies.items()), key=lambda total: -total.rank)


_BATCH = TypeAdapter(BatchSummary)


def parse(raw: Mapping[str, Any], source: str) -> BatchSummary:
    """Return the checked figures.

    Raises:
        UserError: something is missing, of the wrong type or compares nothing; the message names the first place.
    """
    try:
        return _BATCH.validate_python(raw)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        where = ".".join(str(part) for part in first["loc"]) or "the summary"
        raise UserError(f"{source}: {where}: {first['msg'].removeprefix('Value error, ')}") from error


def _total(name: str, policy: PolicySummary) -> PolicyTotal:
    every = list(policy.scenarios.values())
    worst = max(policy.scenarios, key=lambda scenario: policy.scenarios[scenario].violation_ratio.mean)
    return PolicyTotal(
        name=name,
        violation=mean(one.violation_ratio for one in every),
        worst_scenario=worst,
        worst_violation=policy.scenarios[worst].violation_ratio,
        longest_run_s=mean(one.longest_run_s for one in every),
        worst_run_s=max(one.worst_run_s for one in every),
        goodput=mean(one.be_compliant_ratio for one in every),
        writes_per_min=mean(one.writes_per_min for one in every),
    )

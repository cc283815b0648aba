"""The figures of a batch, checked, and their means over all scenarios."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import Any, Literal

from pydantic import TypeAdapter, ValidationError

from detnet.model.errors import UserError

_VIOLATION_WEIGHT = 10.0


@dataclass(frozen=True, slots=True)
class Estimate:
    """A mean with its 95 % interval."""

    mean: float
    low: float
    high: float


@dataclass(frozen=True, slots=True)
class Figures:
    """One law in one scenario, over its worlds; ratios in [0, 1]."""

    worlds: int
    violation_ratio: Estimate
    longest_run_s: Estimate
    be_compliant_ratio: Estimate
    writes_per_min: Estimate
    worst_run_s: int


@dataclass(frozen=True, slots=True)
class Law:
    """One law in all scenarios."""

    scenarios: Mapping[str, Figures]


@dataclass(frozen=True, slots=True)
class Difference:
    """The reference law's figures less another law's in the same worlds."""

    violation_ratio: Estimate
    be_compliant_ratio: Estimate


@dataclass(frozen=True, slots=True)
class Protocol:
    """How the figures came about."""

    seeds: Sequence[int]
    plants: Sequence[str]
    half: str


@dataclass(frozen=True, slots=True)
class Total:
    """One law over all scenarios, each counting the same."""

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
class Batch:
    """What ``summary.json`` holds."""

    schema: Literal[1]
    protocol: Protocol
    laws: Mapping[str, Law]
    reference: str
    against: Mapping[str, Difference]

    def __post_init__(self) -> None:
        """Refuse a batch that compares nothing.

        Raises:
            ValueError: no law, no scenario, or laws that met different scenarios.
        """
        met = {tuple(sorted(law.scenarios)) for law in self.laws.values()}
        if len(met) != 1 or () in met:
            raise ValueError("expected laws that all met the same scenarios, at least one of each")

    @property
    def scenarios(self) -> list[str]:
        """The scenarios, those that went worst for the laws on average last."""
        any_law = next(iter(self.laws.values()))
        return sorted(
            any_law.scenarios,
            key=lambda name: fmean(law.scenarios[name].violation_ratio.mean for law in self.laws.values()),
        )

    def totals(self) -> list[Total]:
        """Return the laws over all scenarios, the best first."""
        return sorted((_total(name, law) for name, law in self.laws.items()), key=lambda total: -total.rank)


_BATCH = TypeAdapter(Batch)


def parse(raw: Mapping[str, Any], source: str) -> Batch:
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


def mean(estimates: Iterable[Estimate]) -> Estimate:
    """Return the mean of estimates from independent worlds.

    The distances to the bounds add up in quadrature, as the errors of independent means do (JCGM 100:2008, 5.1.2).
    """
    each = list(estimates)
    centre = fmean(one.mean for one in each)
    below = math.hypot(*(one.mean - one.low for one in each)) / len(each)
    above = math.hypot(*(one.high - one.mean for one in each)) / len(each)
    return Estimate(centre, centre - below, centre + above)


def _total(name: str, law: Law) -> Total:
    every = list(law.scenarios.values())
    worst = max(law.scenarios, key=lambda scenario: law.scenarios[scenario].violation_ratio.mean)
    return Total(
        name=name,
        violation=mean(one.violation_ratio for one in every),
        worst_scenario=worst,
        worst_violation=law.scenarios[worst].violation_ratio,
        longest_run_s=mean(one.longest_run_s for one in every),
        worst_run_s=max(one.worst_run_s for one in every),
        goodput=mean(one.be_compliant_ratio for one in every),
        writes_per_min=mean(one.writes_per_min for one in every),
    )

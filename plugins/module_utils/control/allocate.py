"""Allocation: divide a budget over targets, and a target's share over its pods, by weighted max-min fairness.

Water filling (Bertsekas and Gallager, Data Networks, section 6.5.2): raise one level, and with it every claim's share
in proportion to its weight, from the claim's minimum until it has what it can use.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from ..model.rate import CEILING_BPS, FLOOR_BPS, Rate

GRAIN_BPS = 1_000


@dataclass(frozen=True, slots=True)
class Claim:
    """A target's or pod's claim on a budget, in bit/s. ``demand_bps`` of ``None`` means: as much as there is."""

    name: str
    minimum_bps: int
    maximum_bps: int
    weight: float = 1.0
    demand_bps: float | None = None

    def __post_init__(self) -> None:
        """Refuse a claim that no allocation could satisfy.

        Raises:
            ValueError: bounds out of order or no caps themselves, or a weight that is not positive.
        """
        if not FLOOR_BPS <= self.minimum_bps <= self.maximum_bps <= CEILING_BPS:
            raise ValueError(f"{self.name}: expected {FLOOR_BPS} <= minimum <= maximum <= {CEILING_BPS}, in bit/s")
        if not 0.0 < self.weight < float("inf"):
            raise ValueError(f"{self.name}: the weight must be a positive number")

    @property
    def usable_bps(self) -> float:
        """The largest share this claim can use."""
        if self.demand_bps is None or math.isnan(self.demand_bps):
            return float(self.maximum_bps)
        return min(max(self.demand_bps, float(self.minimum_bps)), float(self.maximum_bps))


def allocate(budget_bps: int, claims: Sequence[Claim]) -> Mapping[str, Rate]:
    """Return a cap for every claim; they add up to the budget at most, unless the minima alone exceed it.

    A cap is a whole number of kbit/s, which every enforcer stores exactly (HTB and Cilium count bytes a second). Every
    claim gets its minimum (a cap below it would starve it, and a missing cap means unlimited). What nobody's
    demand asks for is left as room: it is dealt out by weight up to each maximum, so that a sender that wakes up is
    not held to its past.

    Raises:
        ValueError: two claims have the same name.
    """
    if len({claim.name for claim in claims}) < len(claims):
        raise ValueError(f"two claims have the same name: {', '.join(sorted(claim.name for claim in claims))}")
    weights = [claim.weight for claim in claims]
    fair = _fill(budget_bps, weights, [float(c.minimum_bps) for c in claims], [c.usable_bps for c in claims])
    unused = [claim.maximum_bps - share for claim, share in zip(claims, fair, strict=True)]
    room = _fill(budget_bps - sum(fair), weights, [0.0] * len(claims), unused)
    return {
        claim.name: Rate(max(int(share + extra) // GRAIN_BPS * GRAIN_BPS, claim.minimum_bps))
        for claim, share, extra in zip(claims, fair, room, strict=True)
    }


def steady(
    caps: Mapping[str, Rate], in_force: Mapping[str, Rate | None], budget_bps: int, claims: Sequence[Claim]
) -> Mapping[str, Rate]:
    """Return the caps in force where the new ones serve nobody better, so that noise in the demands writes nothing.

    They are kept only when all of them are in force, fit the budget, spend nearly all that the new ones would, and no
    claim could use a tenth more under the new ones: a cut of the budget always goes through.
    """
    kept = {name: cap for name, cap in in_force.items() if cap is not None}
    if kept.keys() != caps.keys():
        return caps
    spent_bps, wanted_bps = sum(cap.bps for cap in kept.values()), sum(cap.bps for cap in caps.values())
    if not 0.99 * wanted_bps <= spent_bps <= max(budget_bps, wanted_bps):
        return caps
    served = all(min(caps[one.name].bps, one.usable_bps) <= 1.1 * kept[one.name].bps for one in claims)
    return kept if served else caps


def split(budget_bps: int, pods: int) -> Rate:
    """Return the cap of each of ``pods`` equal pods of one workload, never below the least cap.

    Raises:
        ValueError: there are no pods.
    """
    if pods < 1:
        raise ValueError("a budget is split over at least one pod")
    return Rate(max(budget_bps // pods, FLOOR_BPS))


def _fill(
    budget_bps: float, weights: Sequence[float], least: Sequence[float], most: Sequence[float]
) -> Sequence[float]:
    """Return every share at the water level that spends the budget: weight x level, within its least and most."""
    if budget_bps < sum(least) + 1.0:
        return least  # the common case of the room in a scarce budget: what is left is the rounding of a sum
    bounds = [
        (weight, low, high, low / weight, high / weight) for weight, low, high in zip(weights, least, most, strict=True)
    ]

    def shares(level: float) -> list[float]:
        return [
            low if level <= grows_from else high if level >= full_at else weight * level
            for weight, low, high, grows_from, full_at in bounds
        ]

    # Between two of these levels the spending is a straight line.
    levels = [0.0, *sorted(level for *_head, grows_from, full_at in bounds for level in (grows_from, full_at))]
    affordable = bisect_right(levels, budget_bps, key=lambda level: sum(shares(level)))
    level = levels[affordable - 1]
    growing = sum(weight for weight, *_span, grows_from, full_at in bounds if grows_from <= level < full_at)
    return shares(level + (budget_bps - sum(shares(level))) / growing) if growing else shares(level)

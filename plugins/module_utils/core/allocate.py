"""Allocation: divide a budget over targets, and a target's share over its pods, by weighted max-min fairness.

Progressive filling (Bertsekas and Gallager, Data Networks, section 6.5.2): raise every claim's share in proportion to
its weight until the claim has what it can use, and give what it leaves to the others.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .rate import FLOOR_BPS, Rate


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
            ValueError: bounds out of order or below the least cap, or a weight that is not positive.
        """
        if not FLOOR_BPS <= self.minimum_bps <= self.maximum_bps:
            raise ValueError(f"{self.name}: expected {FLOOR_BPS} <= minimum <= maximum, in bit/s")
        if not 0.0 < self.weight < float("inf"):
            raise ValueError(f"{self.name}: the weight must be a positive number")

    @property
    def usable_bps(self) -> float:
        """The largest share this claim can use."""
        if self.demand_bps is None:
            return float(self.maximum_bps)
        return min(max(self.demand_bps, float(self.minimum_bps)), float(self.maximum_bps))


def allocate(budget_bps: int, claims: Sequence[Claim]) -> Mapping[str, Rate]:
    """Return a cap for every claim; they add up to the budget at most, unless the minima alone exceed it.

    Every claim gets its minimum (a cap below it would starve it, and a missing cap means unlimited). What nobody's
    demand asks for is left as room: it is dealt out by weight up to each maximum, so that a sender that wakes up is
    not held to its past.
    """
    fair = _fill(budget_bps, claims, {claim.name: claim.usable_bps for claim in claims})
    room_bps = budget_bps - sum(fair.values())
    if room_bps > 0.0:
        fair = _fill(budget_bps, claims, {claim.name: float(claim.maximum_bps) for claim in claims}, start=fair)
    return {claim.name: Rate(max(int(fair[claim.name]), claim.minimum_bps)) for claim in claims}


def split(budget_bps: int, pods: int) -> Rate:
    """Return the cap of each of ``pods`` equal pods of one workload, never below the least cap.

    Raises:
        ValueError: there are no pods.
    """
    if pods < 1:
        raise ValueError("a budget is split over at least one pod")
    return Rate(max(budget_bps // pods, FLOOR_BPS))


def _fill(
    budget_bps: float, claims: Sequence[Claim], most: Mapping[str, float], *, start: Mapping[str, float] | None = None
) -> dict[str, float]:
    """Fill every claim in proportion to its weight, from its start (or minimum) up to its most."""
    shares = {c.name: (start[c.name] if start else float(c.minimum_bps)) for c in claims}
    left_bps = budget_bps - sum(shares.values())
    open_claims = [c for c in claims if shares[c.name] < most[c.name]]
    while open_claims and left_bps > 1.0:
        level = left_bps / sum(c.weight for c in open_claims)
        full = [c for c in open_claims if most[c.name] - shares[c.name] <= level * c.weight]
        for claim in full or open_claims:
            grant = most[claim.name] - shares[claim.name] if full else level * claim.weight
            shares[claim.name] += grant
            left_bps -= grant
        if not full:
            break
        open_claims = [c for c in open_claims if c not in full]
    return shares

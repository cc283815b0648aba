"""Demand: how much each target would use, from what it has used.

A target that fills its cap may want any amount more. One that sends well below it has shown what it wants: its peak
of the last ten seconds with some headroom, so that the rest is free for others and it can still grow into its cap and
claim more from there (BwE shares bandwidth on the same kind of estimate: Kumar et al., SIGCOMM 2015, section 4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from .allocate import Claim
from .rate import Rate

FILLS = 0.97
HEADROOM = 1.1  # above 1 / FILLS: a target must be able to stay below the cap that its own demand gives it
MEMORY_S = 10.0
MEAN_S = 2.0


@dataclass(frozen=True, slots=True)
class Demand:
    """The recent rates of every target: name to (time in monotonic s, rate in bit/s), oldest first."""

    history: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)

    def after(self, rates_bps: Mapping[str, float], now_s: float) -> Demand:
        """Return the history with these rates in it; what is no rate, and what is too old, is left out."""
        oldest_s = now_s - MEMORY_S
        history = {}
        for name in {*self.history, *rates_bps}:
            kept = tuple(one for one in self.history.get(name, ()) if oldest_s < one[0] <= now_s)
            rate_bps = rates_bps.get(name, math.nan)
            history[name] = (*kept, (now_s, rate_bps)) if 0.0 <= rate_bps < math.inf else kept
        return Demand({name: kept for name, kept in history.items() if kept})

    def of(self, name: str, cap: Rate | None) -> float | None:
        """Return what a target wants, in bit/s; ``None``, as much as there is, when its cap or nothing limits it.

        The wanted rate is the largest mean of two seconds: a page or a batch is not a demand, a minute of them is.
        """
        history = self.history.get(name)
        if not history or cap is None:
            return None
        means = _means(history)
        return None if means[-1] >= FILLS * cap.bps else HEADROOM * max(means)

    def claims(self, claims: Sequence[Claim], caps: Mapping[str, Rate | None]) -> tuple[Claim, ...]:
        """Return the claims with the demand that each target has under the cap in force."""
        return tuple(replace(claim, demand_bps=self.of(claim.name, caps.get(claim.name))) for claim in claims)


def _means(history: Sequence[tuple[float, float]]) -> Sequence[float]:
    """Return for each time the mean rate of the two seconds that end there."""
    means: list[float] = []
    first, total_bps = 0, 0.0
    for count, (end_s, bps) in enumerate(history, 1):
        total_bps += bps
        while history[first][0] <= end_s - MEAN_S:
            total_bps -= history[first][1]
            first += 1
        means.append(total_bps / (count - first))
    return means

"""Demand: how much each target would use, from what it has used.

A target that fills its cap may want any amount more, and has a few seconds to show how much: senders start slowly. One
that sends well below it has shown what it wants: its peak of the last ten seconds with some headroom, so that the rest
is free for others and it can still grow into its cap and claim more from there (BwE shares bandwidth on the same kind
of estimate: Kumar et al., SIGCOMM 2015, section 4).
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import takewhile

from ..model.rate import Rate
from .allocate import Claim

FILLS = 0.97
HEADROOM = 1.1  # above 1 / FILLS: a target must be able to stay below the cap that its own demand gives it
MEMORY_S = 10.0
MEAN_S = 2.0
GROWTH_S = 3.0  # longer than MEAN_S: a larger cap would be taken back before the mean could have followed it


@dataclass(frozen=True, slots=True)
class Demand:
    """The recent rates of every target: name to (time in monotonic s, rate in bit/s), oldest first.

    ``filled_s`` is when a target was last seen to fill its cap.
    """

    history: Mapping[str, tuple[tuple[float, float], ...]] = field(default_factory=dict)
    filled_s: Mapping[str, float] = field(default_factory=dict)

    def after(self, rates_bps: Mapping[str, float], caps: Mapping[str, Rate | None], now_s: float) -> Demand:
        """Return the history with these rates, under the caps in force; what is no rate, or too old, is left out."""
        oldest_s = now_s - MEMORY_S
        history = {}
        for name in {*self.history, *rates_bps}:
            kept = tuple(one for one in self.history.get(name, ()) if oldest_s < one[0] <= now_s)
            rate_bps = rates_bps.get(name, math.nan)
            history[name] = (*kept, (now_s, rate_bps)) if 0.0 <= rate_bps < math.inf else kept
        history = {name: kept for name, kept in history.items() if kept}
        filled_s = {name: at_s for name, at_s in self.filled_s.items() if now_s - GROWTH_S < at_s <= now_s}
        for name, kept in history.items():
            cap = caps.get(name)
            if cap is not None and _last_mean(kept) >= FILLS * cap.bps:
                filled_s[name] = now_s
        return Demand(history, filled_s)

    def of(self, name: str, cap: Rate | None) -> float | None:
        """Return what a target wants, in bit/s; ``None``, as much as there is, when its cap or nothing has limited it.

        The wanted rate is the largest mean of two seconds: a page or a batch is not a demand, a minute of them is.
        """
        history = self.history.get(name)
        if not history or cap is None or name in self.filled_s:
            return None
        return HEADROOM * max(_means(history))

    def claims(self, claims: Sequence[Claim], caps: Mapping[str, Rate | None]) -> tuple[Claim, ...]:
        """Return the claims with the demand that each target has under the cap in force."""
        return tuple(replace(claim, demand_bps=self.of(claim.name, caps.get(claim.name))) for claim in claims)


def _last_mean(history: Sequence[tuple[float, float]]) -> float:
    """Return the last of the means, without the others."""
    recent = [bps for _at_s, bps in takewhile(lambda one: one[0] > history[-1][0] - MEAN_S, reversed(history))]
    return sum(recent) / len(recent)


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

"""The guard: deterministic rules that always win over the policy.

1. A breach is answered by a cut in the same pass, from what best effort really sends and not from a cap that does not
   bind, and each further cut of the same breach is deeper.
2. Without fresh evidence the budget can only fall: hold, then decay towards the safe budget, then stay at or below it.
3. Growth waits until every objective is met on fresh evidence, for ``cooldown_s`` after a cut and up to ``recovery_s``
   after blindness, and is bounded in size and pace. Nothing ever delays a cut.
4. Only a breach that lasts at the least budget and gets no better exonerates best effort (``attribution``).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from ..model.rate import CEILING_BPS, FLOOR_BPS

_CUT_RATIOS = (0.9, 0.75, 0.5)
_PLAUSIBLE_SHARE = 0.2
_COMPLIES = 1.1


@dataclass(frozen=True, slots=True)
class Guard:
    """The guard's settings: times in s, rates in bit/s, ratios in (0, 1].

    Attributes:
        minimum_bps: the least budget: the sum of the targets' least caps.
        maximum_bps: the largest budget.
        safe_bps: where a blind budget decays to.
        window_s: how much evidence a verdict looks at.
        least_samples: fewer probes than this in a window decide nothing.
        fresh_for_s: up to this age evidence counts as fresh.
        decay_after_s: from this age a blind budget decays.
        safe_after_s: from this age it is at or below the safe budget.
        decay_time_constant_s: e-folding time of the decay.
        settle_s: how long an enforced cut takes to show: evidence from before then cannot ask for another cut.
        enforce_s: how long to wait for the byte counters to show that a cut is enforced.
        cooldown_s: no growth for this long after a breach.
        recovery_s: no growth for this long after a start or a long blindness.
        raise_every_s: the least time between two raises.
        raise_ratio: the largest raise, as a share of the maximum.
        least_raise_bps: a smaller raise is not worth a write.
        exonerate_after_s: how long a breach must last at the least budget until best effort is exonerated.
        exonerated_share: the share of what is known good to which its budget is then restored; 0 restores nothing.
    """

    minimum_bps: int
    maximum_bps: int
    safe_bps: int
    window_s: float = 1.0
    least_samples: int = 5
    fresh_for_s: float = 1.5
    decay_after_s: float = 3.0
    safe_after_s: float = 30.0
    decay_time_constant_s: float = 10.0
    settle_s: float = 0.5
    enforce_s: float = 5.0
    cooldown_s: float = 30.0
    recovery_s: float = 10.0
    raise_every_s: float = 5.0
    raise_ratio: float = 0.25
    least_raise_bps: int = 5_000_000
    exonerate_after_s: float = 15.0
    exonerated_share: float = 0.75

    def __post_init__(self) -> None:
        """Refuse settings under which a rule would be void.

        Raises:
            ValueError: bounds out of order, times out of order or not positive, ratios outside (0, 1].
        """
        if not FLOOR_BPS <= self.minimum_bps <= self.safe_bps <= self.maximum_bps <= CEILING_BPS:
            raise ValueError(f"expected {FLOOR_BPS} <= minimum <= safe <= maximum <= {CEILING_BPS}, in bit/s")
        if not 0.0 < self.fresh_for_s <= self.decay_after_s <= self.safe_after_s < math.inf:
            raise ValueError("expected 0 < fresh_for <= decay_after <= safe_after")
        positive = (self.window_s, self.decay_time_constant_s, self.least_samples)
        if any(not 0 < value < math.inf for value in positive):
            raise ValueError("window, decay time constant and least samples must be positive")
        waits = (
            self.settle_s,
            self.enforce_s,
            self.cooldown_s,
            self.recovery_s,
            self.raise_every_s,
            self.least_raise_bps,
            self.exonerate_after_s,
        )
        if any(not 0 <= value < math.inf for value in waits):
            raise ValueError("times and the least raise must not be negative")
        if not 0.0 < self.raise_ratio <= 1.0 or not 0.0 <= self.exonerated_share <= 1.0:
            raise ValueError("the raise ratio must lie in (0, 1], the exonerated share in [0, 1]")

    def cut_limit(self, budget_bps: float, cuts: int, best_effort_bps: float | None, other_bps: float | None) -> float:
        """Return the most that a breach may leave, after ``cuts`` cuts in this breach.

        A cap of 1000 Mbit/s on a link of 100 does not bind, so the first cut starts from what best effort sends,
        provided that it is a plausible cause: more than a fifth of the traffic on the bottleneck.
        """
        ratio = _CUT_RATIOS[min(cuts, len(_CUT_RATIOS) - 1)]
        if best_effort_bps is None or best_effort_bps <= _PLAUSIBLE_SHARE * (best_effort_bps + (other_bps or 0.0)):
            return ratio * budget_bps
        return ratio * min(budget_bps, max(best_effort_bps, self.minimum_bps))

    def enforced(self, budget_bps: float, best_effort_bps: float | None) -> bool:
        """Return whether best effort complies with its budget; where nothing is counted it is taken to.

        Between a cut and its effect lies what no setting knows (an API server, an agent, a restart): until best effort
        complies, a breach says nothing about the cut.
        """
        return best_effort_bps is None or best_effort_bps <= _COMPLIES * max(budget_bps, self.minimum_bps)

    def blind_limit(self, budget_bps: float, age_s: float, elapsed_s: float) -> float:
        """Return the most that a budget may be when its newest evidence is ``age_s`` old.

        ``elapsed_s`` is the time since the previous pass: the decay is exponential in the time spent beyond
        ``decay_after_s``, however many passes that was.
        """
        if age_s <= self.decay_after_s or budget_bps <= self.safe_bps:
            return budget_bps
        if age_s >= self.safe_after_s:
            return self.safe_bps
        decayed_s = min(elapsed_s, age_s - self.decay_after_s)
        return self.safe_bps + (budget_bps - self.safe_bps) * math.exp(-decayed_s / self.decay_time_constant_s)

    def recovery_after(self, blind_s: float) -> float:
        """Return for how long nothing may grow after a blindness of ``blind_s`` seconds.

        As long as it lasted: what happened meanwhile is unknown for so long. Never less than a whole window, so that
        all of the evidence is newer than the gap.
        """
        return min(self.recovery_s, max(self.window_s, blind_s))

    def bounded(self, budget_bps: float) -> int:
        """Return the budget in whole bit/s inside [minimum, maximum]; what is no number becomes the minimum."""
        if math.isnan(budget_bps):
            return self.minimum_bps
        return int(min(max(budget_bps, self.minimum_bps), self.maximum_bps))

"""The learned policy: feed-forward from a capacity that the loop has learned, corrected by what it sees.

The budget is what the bottleneck can carry, less what critical traffic takes, less a reserve for how fast that traffic
has been seen to rise, less a margin:

    budget = (1 - margin) * capacity - other - reserve

*Capacity* is read off when a queue stands, for then the bottleneck delivers all it can (the estimate of BBR, here from
byte counters and the growth of the queue). While best effort uses its whole budget and nothing suffers it is explored
upwards: fast while it is well below the last knee, then ever more slowly near it, then faster again the longer
nothing has happened (the shape of CUBIC, RFC 9438 section 4.1). A delay that approaches its limit trims it first.

*Reserve* is the 98th percentile of how much the other traffic rose within the loop's reaction time. *Margin* follows
adaptive conformal inference (Gibbs and Candes, arXiv 2106.00170): each new breach widens it, each second without one
narrows it, so that inside its limits it rests at ``error_budget`` breaches a second whatever the traffic is.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from statistics import median

from .policies import Proposal, Situation
from .rate import human
from .windows import percentile


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What ``Learned`` remembers. Rates in bit/s, times in monotonic s.

    ``knee_bps`` is where exploration becomes careful and ``knee_at_s`` when it was learned; ``proven_bps`` is the most
    that was lately delivered without harm; ``queue_s`` is the last queueing delay and ``reserve_bps`` by how much the
    other traffic may rise. ``others`` are the recent rates of the other traffic with their times, ``totals`` the recent
    (time, sent, delivered) at the bottleneck.
    """

    at_s: float
    capacity_bps: float
    margin: float
    knee_bps: float = math.inf
    knee_at_s: float = -math.inf
    proven_bps: float = 0.0
    queue_s: float = 0.0
    reserve_bps: float = 0.0
    breaching: bool = False
    others: tuple[tuple[float, float], ...] = ()
    totals: tuple[tuple[float, float, float], ...] = ()


@dataclass(frozen=True, slots=True)
class Learned:
    """Guarded feed-forward with a learned capacity; see the module for the law.

    Attributes:
        first_margin: where the margin starts.
        least_margin: how far it may narrow.
        largest_margin: how far it may widen.
        learning_rate: how much a breach widens the margin.
        error_budget: breaches a second at which the margin rests.
        drain_s: how fast a cut should drain the queue.
        least_cut: the smallest cut below the capacity, as a share of it.
        largest_cut: the largest.
        standing: a median below this share of the p95 delay is no standing queue.
        doubt_below: a capacity below this share of what was just proven is doubted once.
        binding: best effort uses its budget when it sends at least this share of it.
        tested: the capacity is explored where this share of what it allows was sent.
        tested_s: within so long.
        trim_from: the stress (figure over limit) from which the capacity is trimmed.
        trim_per_s: how fast it is trimmed at the limit itself, as a share per second.
        far_per_s: exploration away from the knee, as a share of the capacity per second.
        unknown_per_s: exploration before the first knee.
        near_per_s: exploration around the knee just after a breach.
        most_near_per_s: exploration around the knee long after it; a trim must be able to catch it.
        patience_s: how long exploration at the knee stays slow.
        idle_share: a budget that is too large by less than this share is left alone.
        reserve_share: the percentile of past rises that the reserve covers.
        recent_s: against how long a past a rise of the other traffic is judged.
        reaction_s: how long a rise of the other traffic goes unanswered.
        memory_s: how far back the reserve looks.
    """

    first_margin: float = 0.03
    least_margin: float = 0.01
    largest_margin: float = 0.3
    learning_rate: float = 0.01
    error_budget: float = 0.002
    drain_s: float = 0.25
    least_cut: float = 0.1
    largest_cut: float = 0.5
    doubt_below: float = 0.9
    standing: float = 0.2
    binding: float = 0.85
    tested: float = 0.95
    tested_s: float = 20.0
    trim_from: float = 0.4
    trim_per_s: float = 0.06
    far_per_s: float = 0.03
    unknown_per_s: float = 0.1
    near_per_s: float = 0.001
    most_near_per_s: float = 0.003
    patience_s: float = 10.0
    idle_share: float = 0.02
    reserve_share: float = 0.98
    recent_s: float = 5.0
    reaction_s: float = 1.0
    memory_s: float = 60.0
    name: str = "learned"

    def cut(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Read the capacity off the standing queue, and go as far below it as the queue needs to drain."""
        known = self._observe(situation, memory)
        if known.breaching:
            return self._cut_again(known, situation)
        if self._others_rose(known) or not self._stands(situation):
            # Other traffic came, or a tail without a queue: the reserve and the margin answer, the capacity stays.
            known = replace(known, margin=min(known.margin + self.learning_rate, self.largest_margin), breaching=True)
        else:
            known = self._learn_knee(known, situation)
        drain = min(max(known.queue_s / self.drain_s, self.least_cut), self.largest_cut)
        drain_bps = (1.0 - drain) * known.capacity_bps - (situation.other_bps or 0.0)
        return self._spend(known, situation, most_bps=drain_bps)

    def _learn_knee(self, known: Knowledge, situation: Situation) -> Knowledge:
        recent = [(sent, seen) for at_s, sent, seen in known.totals if at_s > known.at_s - 2.0 * self.reaction_s]
        sent_bps = max((sent for sent, seen in recent), default=known.capacity_bps)
        delivered = [seen for sent, seen in recent]
        seen_bps = min(max(delivered, default=known.capacity_bps), known.capacity_bps)
        # The first capacity was only the budget in force; later ones deserve some trust against one odd window.
        trust = 0.1 if math.isfinite(known.knee_bps) else 0.0
        capacity_bps = (1.0 - trust) * seen_bps + trust * known.capacity_bps
        # A breach well below what was just proven is a fallen link or a false alarm. It is obeyed, but explored back
        # quickly once: if the link has fallen, the next breach says so.
        doubted = capacity_bps < self.doubt_below * known.proven_bps
        return replace(
            known,
            capacity_bps=capacity_bps,
            # What was delivered is a lower bound (senders may still have been starting), what was sent an upper one.
            knee_bps=known.proven_bps if doubted else max(sent_bps, capacity_bps),
            knee_at_s=situation.now_s,
            proven_bps=capacity_bps,
            margin=min(known.margin + self.learning_rate, self.largest_margin),
            breaching=True,
        )

    def _stands(self, situation: Situation) -> bool:
        """Return whether a queue stands: it lifts the median too, where a busy host or a burst lifts the tail alone."""
        if situation.standing_s is None or situation.queue_s <= 0.0:
            return True
        return situation.standing_s > self.standing * situation.queue_s

    def _others_rose(self, known: Knowledge) -> bool:
        """Return whether the other traffic is now well above what it was: by a tenth, and by what would matter."""
        before = [bps for at_s, bps in known.others if at_s > known.at_s - self.recent_s]
        rise_bps = before[-1] - median(before) if before else 0.0
        return rise_bps > max(0.1 * before[-1], 0.02 * known.capacity_bps) if before else False

    def _cut_again(self, known: Knowledge, situation: Situation) -> tuple[Proposal, object]:
        """The last budget did not let the queue drain, so the bottleneck carries less than it: begin from half."""
        other_bps = situation.other_bps or 0.0
        failed_bps = situation.budget_bps + other_bps
        half_bps = 0.5 * situation.budget_bps
        known = replace(
            known,
            capacity_bps=min(known.capacity_bps, (half_bps + other_bps) / (1.0 - known.margin)),
            knee_bps=min(known.knee_bps, failed_bps),
            proven_bps=0.0,
        )
        return self._spend(known, situation, most_bps=half_bps)

    def hold(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Feed forward from what is known: a rise of the other traffic lowers the budget even without fresh delays."""
        known = self._observe(situation, memory)
        return self._spend(known, situation, most_bps=float(situation.budget_bps))

    def grow(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Explore the capacity or trim it, then spend it."""
        known = self._observe(situation, memory)
        elapsed_s = situation.now_s - (memory.at_s if isinstance(memory, Knowledge) else situation.now_s)
        rate_per_s = self._exploration_per_s(known, situation)
        if known.totals and situation.worst() <= self.trim_from:
            known = replace(known, proven_bps=max(known.totals[-1][2], known.proven_bps * math.exp(-elapsed_s / 60.0)))
        margin = max(known.margin - self.learning_rate * self.error_budget * elapsed_s, self.least_margin)
        # Nothing is learned about a capacity beyond the next step from what is in force.
        in_force_bps = situation.budget_bps + (situation.other_bps or 0.0) + known.reserve_bps
        step_bps = in_force_bps / (1.0 - margin) * (1.0 + self.unknown_per_s * self.reaction_s)
        explored_bps = known.capacity_bps * math.exp(rate_per_s * min(elapsed_s, self.reaction_s))
        known = replace(
            known,
            capacity_bps=min(explored_bps, max(step_bps, known.capacity_bps)),
            knee_bps=min(known.knee_bps, known.capacity_bps) if rate_per_s < 0.0 else known.knee_bps,
            knee_at_s=situation.now_s if rate_per_s < 0.0 else known.knee_at_s,
            margin=margin,
            breaching=False,
        )
        return self._spend(known, situation, most_bps=math.inf)

    def _exploration_per_s(self, known: Knowledge, situation: Situation) -> float:
        """Return how the capacity moves, as a share per second: up while it binds cleanly, down before the limit."""
        if situation.best_effort_bps is not None and situation.best_effort_bps < self.binding * situation.budget_bps:
            return 0.0
        stress = situation.worst("jitter", "latency")
        if stress > self.trim_from and self._stands(situation):
            return -self.trim_per_s * (stress - self.trim_from) / (1.0 - self.trim_from)
        # A capacity that nothing has come near of late is not explored: reserve and margin leave it untested.
        most_bps = max((sent for at_s, sent, seen in known.totals), default=math.inf)
        if most_bps < self.tested * (1.0 - known.margin) * known.capacity_bps:
            return 0.0
        if math.isinf(known.knee_bps):
            return self.unknown_per_s
        if not 0.97 * known.knee_bps <= known.capacity_bps <= 1.05 * known.knee_bps:
            return self.far_per_s
        patience = 1.0 + ((situation.now_s - known.knee_at_s) / self.patience_s) ** 2
        return min(self.near_per_s * patience, self.most_near_per_s)

    def _observe(self, situation: Situation, memory: object) -> Knowledge:
        """Take this pass's rates in; without a usable past, begin from the budget in force."""
        now_s = situation.now_s
        known = memory if isinstance(memory, Knowledge) else None
        if known is None or known.at_s > now_s:
            known = Knowledge(now_s, situation.budget_bps / (1.0 - self.first_margin), self.first_margin)
        queue_s = situation.queue_s
        if not known.others and situation.other_bps is not None:
            known = replace(known, capacity_bps=known.capacity_bps + situation.other_bps / (1.0 - known.margin))
        if situation.other_bps is None or situation.best_effort_bps is None:
            return replace(known, at_s=now_s, queue_s=queue_s)
        # What was sent and not yet delivered stands in the queue: S = C * (T + growth of the queueing delay).
        span_s = max(now_s - known.at_s, 0.05)
        sent_bps = situation.other_bps + situation.best_effort_bps
        delivered_bps = sent_bps * span_s / (span_s + max(0.0, queue_s - known.queue_s))
        others = (*(one for one in known.others if one[0] > now_s - self.memory_s), (now_s, situation.other_bps))
        return replace(
            known,
            at_s=now_s,
            queue_s=queue_s,
            others=others,
            reserve_bps=self._reserve_bps(others),
            totals=(
                *(one for one in known.totals if one[0] > now_s - self.tested_s),
                (now_s, sent_bps, delivered_bps),
            ),
        )

    def _reserve_bps(self, others: tuple[tuple[float, float], ...]) -> float:
        """Return by how much the other traffic may rise within the reaction time, as it has risen before."""
        rises = []
        for index, (at_s, bps) in enumerate(others[:-1]):
            rise_bps = 0.0
            # At a pass each half second, eight later ones reach beyond any reaction time.
            for when_s, then_bps in others[index + 1 : index + 9]:
                if when_s > at_s + self.reaction_s:
                    break
                rise_bps = max(rise_bps, then_bps - bps)
            rises.append(rise_bps)
        if not rises:
            return 0.0
        # From where it is now it is not expected to rise above where it has been.
        headroom_bps = max(bps for at_s, bps in others) - others[-1][1]
        return min(percentile(sorted(rises), self.reserve_share), headroom_bps)

    def _spend(self, known: Knowledge, situation: Situation, *, most_bps: float) -> tuple[Proposal, Knowledge]:
        reserve_bps = known.reserve_bps
        other_bps = situation.other_bps or 0.0
        # Never less than what the least budget needs: exploration is a share of the capacity, and of nothing nothing.
        least_bps = (situation.minimum_bps + other_bps + reserve_bps) / (1.0 - known.margin)
        known = replace(known, capacity_bps=max(known.capacity_bps, least_bps))
        forward_bps = (1.0 - known.margin) * known.capacity_bps - other_bps - reserve_bps
        reason = (
            f"capacity {human(known.capacity_bps)} less {known.margin:.1%}, "
            f"{human(other_bps)} of other traffic and {human(reserve_bps)} of reserve"
        )
        terms = {
            "capacity_bps": known.capacity_bps,
            "knee_bps": min(known.knee_bps, known.capacity_bps * 10.0),
            "margin": known.margin,
            "other_bps": other_bps,
            "reserve_bps": reserve_bps,
        }
        budget_bps = max(min(forward_bps, most_bps), float(situation.minimum_bps))
        if 0.0 <= situation.budget_bps - budget_bps < self.idle_share * situation.budget_bps and not known.breaching:
            budget_bps = situation.budget_bps
        return Proposal(budget_bps, reason, terms), known

"""The learned policy: feed-forward from a capacity that the loop has learned, corrected by what it sees.

The budget is what the bottleneck can carry, less what the other traffic (critical and unknown) may reach before the
loop could react:

    budget = capacity - other - reserve

*Capacity* is read off when a queue stands, for then the bottleneck delivers all it can (the estimate of BBR, here from
byte counters and the growth of the queue). While best effort uses its whole budget it is explored upwards: slowly near
the last knee, then ever faster as long as there is no strain (the shape of CUBIC, RFC 9438 section 4.1), and less the
nearer the delay comes to a part of its limit, where it rests (as Swift's target delay, Kumar et al., SIGCOMM 2020).
*Other and reserve* are the forecast of ``forecast.py``. They are the only distance that is kept: a margin beside them,
fixed or adaptive, bought nothing (docs/lab/results.md).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace

from ..model.rate import human
from .forecast import Forecast, Forecaster
from .policies import Proposal, Situation


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What ``Learned`` remembers. Rates in bit/s, times in monotonic s.

    ``knee_bps`` is where exploration becomes careful and ``pace_per_s`` how fast it goes, as a share per second;
    ``queue_s`` is the last queueing delay, ``strain`` is smoothed, and ``trim_shows_s`` is when the last trim will have
    shown. ``confirmed`` counts breaches in a row at the same knee and ``knee_strain`` is the strain there. The present
    breach began at ``breached_s``; ``capacity_unread``: it has not shown the capacity yet. The last ones took
    ``answer_s`` until all was met again. ``totals`` are the recent (time, sent, delivered) at the bottleneck.
    """

    at_s: float
    capacity_bps: float
    pace_per_s: float
    knee_bps: float = math.inf
    queue_s: float = 0.0
    strain: float = 0.0
    trim_shows_s: float = -math.inf
    confirmed: int = 0
    knee_strain: float = 0.0
    breached_s: float | None = None
    answer_s: float = 1.0
    capacity_unread: bool = False
    other: Forecast | None = None
    totals: tuple[tuple[float, float, float], ...] = ()

    @property
    def other_bps(self) -> float:
        """What the other traffic may take until the loop can react; nothing where it has never been counted."""
        return self.other.most_bps if self.other else 0.0


@dataclass(frozen=True, slots=True)
class Learned:
    """Guarded feed-forward with a learned capacity; see the module for the policy.

    Attributes:
        surprises: forecasts the other traffic.
        drain_s: how fast a cut should drain the queue.
        least_cut: the smallest cut below the capacity, as a share of it.
        largest_cut: the largest.
        standing: a median below this share of the p95 delay is no queue; an exponential delay's is a little above it.
        binding: best effort uses its budget when it sends at least this share of it.
        tested: the capacity is explored where this share of what it allows was sent.
        tested_s: within so long.
        grow_below: the strain above which the capacity is not explored.
        trim_above: the strain above which it is trimmed; between the two it rests.
        alarm_above: a single window above it is trimmed at once if a queue stands or there was some strain before.
        trim: by how much, as a share of the capacity, where all room for delay is used.
        strain_s: over how long the strain is smoothed.
        first_per_s: exploration at the start, as a share of the capacity per second.
        near_per_s: exploration around the knee and just after a breach; half of it after each further breach there.
        near: how far around the knee that is, as a share of it.
        moved: with less than this share of the strain at the last knee, the knee is no longer there.
        loaded: it is checked where this share of what the capacity allows was sent all the time.
        loaded_s: for so long.
        most_answer_s: the longest time that a breach is taken to need until it is answered.
        pace_s: in how long the pace grows by a factor of e beyond the knee.
        most_per_s: the fastest exploration.
        most_confirmed: how often it is halved at most.
        idle_share: a budget that would change by less than this share is left alone.
    """

    surprises: Forecaster = field(default_factory=Forecaster)
    drain_s: float = 0.25
    least_cut: float = 0.1
    largest_cut: float = 0.5
    standing: float = 0.2
    binding: float = 0.85
    tested: float = 0.95
    tested_s: float = 20.0
    grow_below: float = 0.35
    trim_above: float = 0.5
    alarm_above: float = 0.75
    trim: float = 0.06
    strain_s: float = 5.0
    first_per_s: float = 0.02
    near_per_s: float = 0.002
    near: float = 0.03
    moved: float = 0.3
    loaded: float = 0.9
    loaded_s: float = 2.0
    most_answer_s: float = 10.0
    pace_s: float = 4.0
    most_per_s: float = 0.05
    idle_share: float = 0.03
    most_confirmed: int = 4
    name: str = "learned"

    def cut(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Read the capacity off the standing queue, and go as far below it as the queue needs to drain."""
        forecast_bps = memory.other_bps if isinstance(memory, Knowledge) else math.inf
        known = self._observe(situation, memory)
        if known.breached_s is None:
            known = self._learn_breach(known, situation, forecast_bps)
        elif situation.stands(self.standing):
            return self._cut_again(known, situation)
        drain = min(max(known.queue_s / self.drain_s, self.least_cut), self.largest_cut)
        return self._propose(
            known, situation, most_bps=(1.0 - drain) * known.capacity_bps - (situation.other_bps or 0.0)
        )

    def _learn_breach(self, known: Knowledge, situation: Situation, forecast_bps: float) -> Knowledge:
        """Learn from the start of a breach: whether other traffic caused it, else where the capacity is."""
        known = replace(known, breached_s=known.at_s, pace_per_s=self.near_per_s)
        if known.other and known.other.rose(least_bps=0.02 * known.capacity_bps):
            # Other traffic rose: the reserve has to grow. A tail without a queue says nothing of the capacity.
            missed = self.surprises.missed(known.other, known.answer_s, covered=known.other.now_bps <= forecast_bps)
            return replace(known, other=missed, capacity_unread=True)
        return self._learn_knee(known) if situation.stands(self.standing) else replace(known, capacity_unread=True)

    def _learn_knee(self, known: Knowledge) -> Knowledge:
        recent = [one[1:] for one in known.totals if one[0] > known.at_s - 2.0 * self.surprises.reaction_s]
        sent_bps = max((sent for sent, seen in recent), default=known.capacity_bps)
        seen_bps = min(max((seen for sent, seen in recent), default=known.capacity_bps), known.capacity_bps)
        # The first capacity was only the budget in force; later ones deserve some trust against one odd window.
        trust = 0.1 if math.isfinite(known.knee_bps) else 0.0
        capacity_bps = (1.0 - trust) * seen_bps + trust * known.capacity_bps
        again = abs(capacity_bps - known.knee_bps) < 2.0 * self.near * capacity_bps
        return replace(
            known,
            capacity_unread=False,
            capacity_bps=capacity_bps,
            # What was delivered is a lower bound (senders may still have been starting), what was sent an upper one.
            knee_bps=max(sent_bps, capacity_bps),
            confirmed=min(known.confirmed + 1, self.most_confirmed) if again else 0,
        )

    def _cut_again(self, known: Knowledge, situation: Situation) -> tuple[Proposal, object]:
        """The last budget did not let the queue drain, so the bottleneck carries less than it: begin from half."""
        failed_bps = situation.budget_bps + (situation.other_bps or 0.0)
        half_bps = 0.5 * situation.budget_bps
        known = replace(
            known,
            capacity_bps=min(known.capacity_bps, half_bps + known.other_bps),
            knee_bps=min(known.knee_bps, failed_bps),
        )
        return self._propose(known, situation, most_bps=half_bps)

    def hold(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Feed forward from what is known: a rise of the other traffic lowers the budget even without fresh delays."""
        known = self._observe(situation, memory)
        # The window in which a breach began may be half empty; the queue stands in the next ones.
        if known.capacity_unread and situation.standing_s is not None and situation.strain(1.0) >= 1.0:
            known = self._learn_knee(known)
        return self._propose(known, situation, most_bps=float(situation.budget_bps))

    def grow(self, situation: Situation, memory: object) -> tuple[Proposal, object]:
        """Explore the capacity or trim it, then spend it."""
        known = self._observe(situation, memory)
        elapsed_s = situation.now_s - (memory.at_s if isinstance(memory, Knowledge) else situation.now_s)
        took_s = known.answer_s if known.breached_s is None else min(known.at_s - known.breached_s, self.most_answer_s)
        answer_s = 0.5 * (known.answer_s + took_s)
        met = replace(known, breached_s=None, answer_s=answer_s, capacity_unread=False)
        return self._propose(self._explore(met, situation, elapsed_s), situation, most_bps=math.inf)

    def _explore(self, known: Knowledge, situation: Situation, elapsed_s: float) -> Knowledge:
        """Move the capacity: up while it binds and there is little strain, down before the limit."""
        strain = situation.strain(self.standing)
        smooth = known.strain + (strain - known.strain) * -math.expm1(-elapsed_s / self.strain_s)
        known = replace(known, strain=smooth)
        if situation.best_effort_bps is not None and situation.best_effort_bps < self.binding * situation.budget_bps:
            return known
        alarm = strain > self.alarm_above and (smooth > self.grow_below or situation.stands(0.5))
        if alarm or smooth > self.trim_above:
            return self._trim(known, situation, max(smooth, strain))
        # A capacity that nothing has come near of late is not explored: the reserve leaves it untested.
        most_bps = max((sent for at_s, sent, seen in known.totals), default=math.inf)
        if most_bps < self.tested * known.capacity_bps:
            return known
        return self._raise_capacity(known, situation, min(elapsed_s, self.surprises.reaction_s))

    def _trim(self, known: Knowledge, situation: Situation, strain: float) -> Knowledge:
        """Step back from where there is strain, once the last step has shown."""
        if situation.now_s < known.trim_shows_s:
            return known
        step = self.trim * (strain - self.grow_below) / (1.0 - self.grow_below)
        strained_bps = situation.budget_bps + known.other_bps
        return replace(
            known,
            capacity_bps=(1.0 - min(max(step, self.idle_share), self.trim)) * min(known.capacity_bps, strained_bps),
            knee_bps=min(known.knee_bps, known.capacity_bps),
            pace_per_s=self.near_per_s,
            strain=self.grow_below,
            trim_shows_s=situation.now_s + self.surprises.reaction_s + known.answer_s,
        )

    def _raise_capacity(self, known: Knowledge, situation: Situation, elapsed_s: float) -> Knowledge:
        known = self._compare_knee(known, situation)
        below_bps = known.knee_bps - known.capacity_bps
        pace_per_s = min(known.pace_per_s * math.exp(elapsed_s / self.pace_s), self.most_per_s)
        if abs(below_bps) < self.near * known.capacity_bps:
            pace_per_s = self.near_per_s / 2.0**known.confirmed
        elif 0.0 < below_bps < math.inf:
            pace_per_s = self.most_per_s
        room = 1.0 - max(known.strain, situation.strain(self.standing)) / self.grow_below
        explored_bps = known.capacity_bps * math.exp(max(0.0, room) * pace_per_s * elapsed_s)
        # Nothing is learned about a capacity beyond the next step from what is in force.
        in_force_bps = situation.budget_bps + known.other_bps
        step = max(pace_per_s * self.surprises.reaction_s, 1.5 * self.idle_share)
        step_bps = in_force_bps + step * situation.budget_bps
        capacity_bps = min(explored_bps, max(step_bps, known.capacity_bps))
        return replace(known, capacity_bps=capacity_bps, pace_per_s=pace_per_s)

    def _compare_knee(self, known: Knowledge, situation: Situation) -> Knowledge:
        """Compare the strain with that at the last knee: where a queue stood and none does, the knee has moved up."""
        near = abs(known.knee_bps - known.capacity_bps) < self.near * known.capacity_bps
        loaded_bps = min((sent for at_s, sent, seen in known.totals if at_s > known.at_s - self.loaded_s), default=0.0)
        if not near or loaded_bps < self.loaded * known.capacity_bps:
            return known
        if max(known.strain, situation.strain(self.standing)) < self.moved * known.knee_strain:
            return replace(known, knee_bps=math.inf, pace_per_s=self.most_per_s, knee_strain=0.0)
        return replace(known, knee_strain=max(known.knee_strain, known.strain))

    def _observe(self, situation: Situation, memory: object) -> Knowledge:
        """Take this pass's rates in; without a usable past, begin from the budget in force."""
        now_s = situation.now_s
        known = memory if isinstance(memory, Knowledge) else None
        if known is None or known.at_s > now_s:
            known = Knowledge(now_s, float(situation.budget_bps), self.first_per_s)
        if situation.other_bps is None or situation.best_effort_bps is None:
            return replace(known, at_s=now_s, queue_s=situation.queue_s)
        if known.other is None:
            known = replace(known, capacity_bps=known.capacity_bps + situation.other_bps)
        # What was sent and not yet delivered stands in the queue: S = C * (T + growth of the queueing delay).
        span_s = max(now_s - known.at_s, 0.05)
        sent_bps = situation.other_bps + situation.best_effort_bps
        delivered_bps = sent_bps * span_s / (span_s + max(0.0, situation.queue_s - known.queue_s))
        totals = (*(one for one in known.totals if one[0] > now_s - self.tested_s), (now_s, sent_bps, delivered_bps))
        other = self.surprises.after(known.other or Forecast(), situation.other_bps, now_s)
        return replace(known, at_s=now_s, queue_s=situation.queue_s, other=other, totals=totals)

    def _propose(self, known: Knowledge, situation: Situation, *, most_bps: float) -> tuple[Proposal, Knowledge]:
        other_bps = known.other_bps
        now_bps = known.other.now_bps if known.other else 0.0
        # Never less than what the least budget needs: exploration is a share of the capacity, and of nothing nothing.
        least_bps = situation.minimum_bps + other_bps
        known = replace(known, capacity_bps=max(known.capacity_bps, least_bps))
        forward_bps = known.capacity_bps - other_bps
        reason = (
            f"capacity {human(known.capacity_bps)} less {human(now_bps)} of other traffic "
            f"and {human(other_bps - now_bps)} of reserve"
        )
        terms = {
            "capacity_bps": known.capacity_bps,
            "knee_bps": min(known.knee_bps, known.capacity_bps * 10.0),
            "strain": known.strain,
            "other_bps": now_bps,
            "reserve_bps": other_bps - now_bps,
        }
        budget_bps = max(min(forward_bps, most_bps), float(situation.minimum_bps))
        if abs(situation.budget_bps - budget_bps) < self.idle_share * situation.budget_bps and known.breached_s is None:
            budget_bps = min(situation.budget_bps, most_bps)
        return Proposal(budget_bps, reason, terms), known

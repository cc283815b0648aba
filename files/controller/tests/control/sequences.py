"""Generated worlds: whatever clocks, sources, counters, settings and policies may do to the loop."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Any

from hypothesis import strategies as st

from control.worlds import MBPS, ConstantPolicy
from detnet.control.decision import Evidence, Observation, Traffic
from detnet.control.guard import Guard
from detnet.control.learned import Learned
from detnet.control.policies import Aimd, Graded, Policy, Proposal, Steps
from detnet.model.objectives import Objective
from detnet.model.rate import CEILING_BPS, FLOOR_BPS
from detnet.model.samples import Sample
from detnet.model.signals import Interval, Signal

ROBOT = Objective("robot", latency_ms=8.0, jitter_ms=2.0, loss_ratio=0.3)
SCANNER = Objective("scanner", latency_ms=10.0)

nonsense = st.sampled_from([math.nan, math.inf, -math.inf, -1.0])
rtts = st.one_of(st.none(), st.sampled_from([2.9, 3.0, 3.1, 8.0, 9.0, 50.0]), st.floats(0.0, 100.0), nonsense)
latencies = st.sampled_from([(11.0, math.inf), (10.0, 12.0), (5.0, 10.0), (12.0, 12.0), (1.0, 1.0), None])
rates = st.one_of(st.floats(0.0, 2e9), st.floats(), st.just(0.0))


@dataclass(frozen=True, slots=True)
class Moment:
    """What happens between two passes."""

    wait_s: float
    jump_s: float
    burst: tuple[int, float | None]  # samples in the last half second, their round trip
    strays: list[tuple[float, float | None]]  # age, round trip
    signal: tuple[float, float, int, tuple[float, float] | None, float | None] | None  # age, span, sent, latency, loss
    traffic: tuple[float, float, float] | None
    repeats: int


CALM = Moment(0.5, 0.0, (10, 1.0), [], (0.0, 0.1, 20, (1.0, 1.0), 0.0), None, 1)
TROUBLE: dict[str, st.SearchStrategy[Any]] = {
    "wait_s": st.one_of(st.sampled_from([0.0, 0.05, 1.0, 1.5, 6.0, 20.0]), st.floats(0.0, 700.0)),
    "jump_s": st.one_of(st.sampled_from([-0.001, -1.0, -100.0, 0.3, 31.0, 4000.0]), st.floats(-1e5, 1e5)),
    "burst": st.tuples(st.sampled_from([10, 10, 10, 5, 4, 1, 0]), rtts),
    "strays": st.lists(st.tuples(st.one_of(st.floats(-5.0, 40.0), nonsense), rtts), max_size=3),
    "signal": st.none()
    | st.tuples(
        st.sampled_from([0.0, 0.0, 0.0, 0.4, 1.5, 1.6, 60.0, -1.0, math.nan, math.inf]),
        st.sampled_from([0.1, 0.1, 1.0, 60.0]),
        st.sampled_from([20, 20, 5, 4, 0]),
        latencies,
        st.sampled_from([0.0, None, 0.5, 1.0]),
    ),
    "traffic": st.tuples(rates, rates, rates),
    "repeats": st.sampled_from([2, 10, 40]),
}


@st.composite
def moments(draw: st.DrawFn) -> Moment:
    """Draw a calm moment in which up to three things are as bad as they may be."""
    invalidated = draw(st.sets(st.sampled_from(sorted(TROUBLE)), max_size=3))
    return replace(CALM, **{name: draw(TROUBLE[name]) for name in sorted(invalidated)})


@dataclass(slots=True)
class World:
    """A clock that may step, a ring of samples as the probe keeps it, and whatever the other source says."""

    now_s: float = 50_000.0
    samples: list[Sample] = field(default_factory=list)

    def step(self, moment: Moment) -> Observation:
        """Let a moment pass and return what the sources then say."""
        self.now_s += moment.wait_s + moment.jump_s
        count, rtt_ms = moment.burst
        self.samples += [Sample(self.now_s - 0.5 * n / 20, rtt_ms) for n in range(count)]
        self.samples += [Sample(self.now_s - age_s, rtt_ms) for age_s, rtt_ms in moment.strays]
        self.samples = [s for s in self.samples if not s.sent_at_s < self.now_s - 30.0][-200:]
        scanner: Evidence = None
        if moment.signal is not None:
            age_s, span_s, sent, latency, loss = moment.signal
            scanner = Signal(self.now_s - age_s, span_s, sent, Interval(*latency) if latency else None, None, loss)
        traffic = (
            Traffic({"a": moment.traffic[0], "b": moment.traffic[1]}, moment.traffic[2]) if moment.traffic else None
        )
        return Observation({"robot": tuple(self.samples), "scanner": scanner}, traffic)


@st.composite
def guards(draw: st.DrawFn) -> Guard:
    """Draw every setting inside what a guard accepts."""
    low, safe, high = sorted(
        draw(st.tuples(*[st.integers(FLOOR_BPS, draw(st.sampled_from([2 * 10**9, CEILING_BPS])))] * 3))
    )
    fresh, decay, blind = sorted(draw(st.tuples(*[st.floats(0.1, 60.0)] * 3)))
    return Guard(
        low,
        high,
        safe,
        window_s=draw(st.sampled_from([1.0, 0.5, 10.0])),
        least_samples=draw(st.sampled_from([5, 1, 20])),
        fresh_for_s=draw(st.sampled_from([1.5, fresh])) if decay >= 1.5 else fresh,
        decay_after_s=decay,
        safe_after_s=blind,
        decay_time_constant_s=draw(st.floats(0.1, 100.0)),
        settle_s=draw(st.sampled_from([0.5, 0.0, 3.0])),
        cooldown_s=draw(st.sampled_from([30.0, 0.0, 2.0])),
        recovery_s=draw(st.sampled_from([10.0, 0.0, 3.0])),
        raise_every_s=draw(st.sampled_from([5.0, 0.0, 1.0])),
        raise_ratio=draw(st.floats(0.01, 1.0)),
        least_raise_bps=draw(st.sampled_from([5 * MBPS, 0, 0, 10**12])),
        exonerate_after_s=draw(st.sampled_from([30.0, 0.0, 2.0])),
        exonerated_share=draw(st.sampled_from([0.5, 0.0, 1.0])),
    )


budgets = st.one_of(st.floats(), st.integers(), st.sampled_from([1e30, -1e30, 10**400, "100M", None, 5e9, True]))
proposals = st.builds(Proposal, budgets, st.sampled_from(["because", "", "two\nlines"]))
answers = st.one_of(
    st.tuples(proposals, st.sampled_from([None, "malformed", math.nan, object()])),
    st.sampled_from([None, (None, None), (), 7, ValueError("two\nlines"), ZeroDivisionError(), RecursionError("deep")]),
)
policies: st.SearchStrategy[Policy] = st.one_of(
    st.sampled_from([Steps(), Graded(), Aimd(), Learned()]), st.builds(ConstantPolicy, answers)
)

"""The domain of one link: everything a controller can see and touch there, with the faults that come between."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

from detnet.control.allocate import Claim
from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate
from detnet.model.samples import Sample
from detnet.sources.source import Reading, SampleWindow
from detnet_lab.simulator.exogenous import Exogenous
from detnet_lab.simulator.faults import Faults
from detnet_lab.simulator.fluid_link import Bottleneck, FluidLink, Sender, Slot
from detnet_lab.simulator.plant import SLOT_S, Plant
from detnet_lab.simulator.probes import TIMEOUT_S, Prober
from detnet_lab.simulator.simulated_actuator import SimulatedActuator
from detnet_lab.simulator.simulator_scenario import LinkPlan

START_SHARE = 0.5
"""What the targets may send when a run begins, as a share of the configured maximum: the same for every policy."""
Model = Callable[[Plant, Sequence[Sender]], Bottleneck]
_LEAST_SHARE = 0.01
_KEEP_S = 62.0
_HANDED_S = 1.5
_BOOT_S = 1000.0


class SimulatedDomain:
    """One link with its plant, its probes, its caps and its counters.

    ``now_s`` is simulated time; ``clock`` is what the controller reads, and may step.
    """

    def __init__(
        self, plan: LinkPlan, plant: Plant, exogenous: Exogenous, *, actuation_s: float, model: Model = FluidLink
    ) -> None:
        self.plan = plan
        self.plant = plant
        self.exogenous = exogenous
        self.faults = Faults(plan.faults)
        self.maximum_bps = int(plan.maximum * plant.capacity_bps)
        self.claims = _claims(plan, plant, self.maximum_bps)
        start_bps = int(START_SHARE * self.maximum_bps) // len(self.claims)
        self.actuator = SimulatedActuator(
            plan.targets,
            {c.name: Rate(min(max(start_bps, c.minimum_bps), c.maximum_bps)) for c in self.claims},
            exogenous,
            plant,
            self.faults,
            actuation_s=actuation_s,
        )
        self.objectives = {one.name: one.objective_on(plant) for one in plan.critical}
        # What has reached the controller in the last minute, at the controller's time of its sending.
        self._samples: dict[str, list[Sample]] = {name: [] for name in self.objectives}
        self.now_s = 0.0
        self._senders = [Sender(target.flows, tcp=target.tcp) for target in plan.targets]
        self._link = model(plant, self._senders)
        self._probers = {name: Prober(plant, exogenous, self.faults, at) for at, name in enumerate(self.objectives)}
        self._unseen: list[tuple[float, Slot, float]] = []
        self._stepped: set[float] = set()

    def advance(self, slot: int) -> Slot:
        """Let one slot pass, after which the controller may look and act."""
        exogenous, actuator = self.exogenous, self.actuator
        begin_s = slot * SLOT_S
        actuator.advance(slot)
        shaping = exogenous.shaping[slot]
        for at, sender in enumerate(self._senders):
            sender.limit(actuator.limit_bps(at) * shaping, exogenous.demand_bps[at][slot])
        happened = self._link.advance(exogenous.capacity_bps[slot], exogenous.critical_bps[slot])
        actuator.count(happened.sent_bits, exogenous.critical_bps[slot] * SLOT_S)
        self.now_s = begin_s + SLOT_S
        self._unseen.append((begin_s, happened, actuator.clock_offset_s))
        self._step_clock()
        return happened

    def clock(self) -> float:
        """Return the controller's time; monotonic unless a fault steps it."""
        return _BOOT_S + self.now_s + self.actuator.clock_offset_s

    def latest(self) -> Reading:
        """Return what the controller's probe source would have in its slot.

        It hands over the last second and a half only, since the core's window is one, and the newest sample there is.
        """
        self._see()
        recent = {name: self._recent(each, _HANDED_S) or each[-1:] for name, each in self._samples.items()}
        windows = {name: SampleWindow(tuple(samples)) for name, samples in recent.items()}
        return Reading(windows, polled_at_s=self.clock())

    @property
    def limits_ms(self) -> tuple[float, float]:
        """The least delay over the empty path that violates an objective, and the least latency objective."""
        base_ms, objectives = self.plant.base_rtt_ms, self.objectives.values()
        latencies = [one.latency_ms for one in objectives if one.latency_ms is not None]
        jitters = [one.jitter_ms for one in objectives if one.jitter_ms is not None]
        excess = min([*jitters, *(latency_ms - base_ms for latency_ms in latencies)], default=self.plant.jitter_ms)
        return excess, min(latencies, default=math.inf)

    def samples_since(self, age_s: float) -> Sequence[Sample]:
        """Return the first workload's samples that were sent at most ``age_s`` ago and have reached the controller."""
        self._see()
        return self._recent(next(iter(self._samples.values())), age_s)

    def _recent(self, samples: Sequence[Sample], age_s: float) -> list[Sample]:
        oldest_s = self.clock() - age_s
        # What is lost becomes known half a second late, so the newest samples are not quite in the order of sending.
        most = int((age_s + TIMEOUT_S) * self.plant.probe_hz) + 2
        return [sample for sample in samples[-most:] if sample.sent_at_s >= oldest_s]

    def _see(self) -> None:
        """Take in what the probe's source has polled by now; each sample gets the controller's time of its sending.

        Only when somebody looks: a policy that never does is spared the probes.
        """
        for begin_s, happened, offset_s in self._unseen:
            self._poll(begin_s, happened, _BOOT_S + offset_s)
        self._unseen.clear()

    def _poll(self, begin_s: float, happened: Slot, shift_s: float) -> None:
        polled_s = begin_s + SLOT_S
        for name, prober in self._probers.items():
            prober.advance(begin_s, happened)
            known = prober.take(polled_s)
            if self.faults.active("latency-lost", polled_s) or self.faults.active("latency-frozen", polled_s):
                continue
            samples = self._samples[name]
            samples.extend(Sample(sample.sent_at_s + shift_s, sample.rtt_ms) for sample in known)
            most = round(_KEEP_S * self.plant.probe_hz)
            if len(samples) > 2 * most:
                del samples[:-most]

    def _step_clock(self) -> None:
        fault = self.faults.active("clock-step", self.now_s)
        if fault and fault.from_s not in self._stepped:
            self._stepped.add(fault.from_s)
            self.actuator.clock_offset_s += fault.amounts["s"]


def _claims(plan: LinkPlan, plant: Plant, maximum_bps: int) -> tuple[Claim, ...]:
    """Return the targets' claims: together at most what the controller is told of the link, at least 1 % of it."""
    minimum_bps = int(_LEAST_SHARE * plant.capacity_bps) // len(plan.targets)
    low_bps = max(minimum_bps, FLOOR_BPS)
    high_bps = min(max(maximum_bps, low_bps), CEILING_BPS)
    return tuple(Claim(target.name, low_bps, high_bps) for target in plan.targets)

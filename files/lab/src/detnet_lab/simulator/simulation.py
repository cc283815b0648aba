"""One run: a scenario, a plant, a policy and a seed make a trace, always the same one. Simulated time only."""

from __future__ import annotations

import gc
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from detnet.control.windows import percentile
from detnet_lab.simulator.exogenous import Exogenous, draw
from detnet_lab.simulator.fluid_link import FluidLink, Slot
from detnet_lab.simulator.ground_truth import GroundTruth
from detnet_lab.simulator.plant import SLOT_S, Plant
from detnet_lab.simulator.policies.policy_interface import Controller, Policy, Step
from detnet_lab.simulator.simulated_domain import Model, SimulatedDomain
from detnet_lab.simulator.simulator_scenario import Scenario
from detnet_lab.simulator.trace import GroundTruthWindow, LinkTrace, Tick, Trace

TICK_SLOTS = 5
WINDOW_SLOTS = 10
_NOTHING = Step("", "", "")


World = tuple[Exogenous, ...]
"""What comes from outside, for each link of a scenario."""


def draw_world(scenario: Scenario, plant: Plant, seed: int) -> World:
    """Draw what comes from outside; several policies can be run in the same world."""
    return tuple(
        draw(plan, plant, scenario.duration_s, f"{scenario.name} {at} {seed}") for at, plan in enumerate(scenario.links)
    )


def run(  # noqa: PLR0913 - what makes a run, and three that have a default
    scenario: Scenario,
    plant: Plant,
    policy: Policy,
    seed: int,
    world: World | None = None,
    *,
    model: Model = FluidLink,
    ticks: bool = True,
) -> Trace:
    """Let a policy control a scenario on a plant; ``world`` is ``draw_world(...)`` of the same arguments, if at hand.

    ``model`` is the bottleneck: the fluid, or the packets that check it. A run that is only judged needs no ``ticks``.
    """
    with _no_garbage():
        drawn, actuation_s = world or draw_world(scenario, plant, seed), policy.actuation_s(plant)
        links = tuple(
            _run_link(
                SimulatedDomain(plan, plant, exogenous, actuation_s=actuation_s, model=model), policy, ticks=ticks
            )
            for plan, exogenous in zip(scenario.links, drawn, strict=True)
        )
    return Trace(scenario.name, policy.name, plant, seed, scenario.duration_s, scenario.disturbances_s, links)


def _run_link(domain: SimulatedDomain, policy: Policy, *, ticks: bool) -> LinkTrace:
    schedule = _ControllerSchedule(policy, domain)
    writer = _TraceWriter(domain, ticks=ticks)
    for slot in range(domain.exogenous.slots):
        happened = domain.advance(slot)
        schedule.wake()
        writer.take(slot, happened, schedule.last)
    names = tuple(target.name for target in domain.plan.targets)
    limit_ms, _ = domain.limits_ms
    return LinkTrace(
        names, tuple(domain.objectives), limit_ms, writer.ticks, writer.windows, tuple(domain.actuator.writes)
    )


class _ControllerSchedule:
    """Wakes the controller when it is due, as the controller's own loop does; faults can end or pause it."""

    def __init__(self, policy: Policy, domain: SimulatedDomain) -> None:
        self._policy = policy
        self._domain = domain
        self._controller: Controller | None = policy.start(domain)
        self._due_s = 0.0
        self.last = _NOTHING

    def wake(self) -> None:
        domain = self._domain
        if domain.faults.active("controller-dead", domain.now_s):
            self._controller = None
        if self._controller is None or domain.faults.active("controller-paused", domain.now_s):
            if domain.faults.active("controller-dead", domain.now_s) or self._controller is not None:
                return
            self._controller = self._policy.start(domain)
        if domain.now_s < self._due_s - 1e-9:
            return
        self.last = self._controller.step()
        self._due_s = max(self._due_s + self._controller.interval_s, domain.now_s)


class _TraceWriter:
    """Gathers slots into ticks and windows."""

    def __init__(self, domain: SimulatedDomain, *, ticks: bool) -> None:
        self._domain = domain
        self._ticking = ticks
        self._exogenous = domain.exogenous
        self._truth = GroundTruth(domain.plant, domain.exogenous, domain.objectives)
        self._slots: list[Slot] = []
        self.ticks: list[Tick] = []
        self.windows: list[GroundTruthWindow] = []

    def take(self, slot: int, happened: Slot, step: Step) -> None:
        self._slots.append(happened)
        if self._ticking and (slot + 1) % TICK_SLOTS == 0:
            self.ticks.append(self._tick(slot + 1 - TICK_SLOTS, self._slots[-TICK_SLOTS:], step))
        if (slot + 1) % WINDOW_SLOTS == 0:
            self.windows.append(self._truth.window(slot + 1 - WINDOW_SLOTS, self._slots))
            self._slots.clear()

    def _tick(self, first: int, slots: Sequence[Slot], step: Step) -> Tick:
        exogenous, actuator = self._exogenous, self._domain.actuator
        span = slice(first, first + TICK_SLOTS)
        seconds = TICK_SLOTS * SLOT_S
        written = actuator.read()
        targets = range(len(self._domain.claims))
        return Tick(
            at_s=first * SLOT_S,
            capacity_bps=sum(exogenous.capacity_bps[span]) / TICK_SLOTS,
            critical_bps=sum(exogenous.critical_bps[span]) / TICK_SLOTS,
            demand_bps=[exogenous.demand_bps[at][first] for at in targets],
            cap_bps=[float(cap.bps) if cap else 0.0 for cap in written.values()],
            limit_bps=[actuator.limit_bps(at) for at in targets],
            goodput_bps=[sum(slot.goodput_bits[at] for slot in slots) / seconds for at in targets],
            truth_p95_ms=percentile(self._truth.delays_ms(first, slots), 0.95),
            lost_bits=sum(slot.critical_lost_bits for slot in slots),
            jitter_ms=step.jitter_ms,
            latency_ms=step.latency_ms,
            loss_ratio=step.loss_ratio,
            mode=step.mode,
            action=step.action,
            reason=step.reason,
            terms=step.terms,
        )


@contextmanager
def _no_garbage() -> Iterator[None]:
    """Keep the cycle collector out: a run makes a million small values and not one cycle."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()

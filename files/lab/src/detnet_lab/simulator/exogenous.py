"""What comes from outside, drawn before a run: every policy meets the same rates, the same bursts and the same noise.

Each kind of draw has a stream of its own, named after what it is for, so that nothing a policy does and no parameter of
the plant shifts another draw (common random numbers).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from detnet_lab.simulator import profile
from detnet_lab.simulator.plant import SLOT_S, Plant
from detnet_lab.simulator.simulator_scenario import CriticalPlan, LinkPlan

POINTS = 10
"""How often a slot the ground truth is sampled."""
_LEAST_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class ProbeDraw:
    """The chance in one probe: a micro-burst (exponential), noise (normal), and three uniform numbers."""

    burst: float
    noise: float
    lost: float
    disturbed: float
    disturbance: float


@dataclass(frozen=True, slots=True)
class Exogenous:
    """What comes from outside to one link, one value per slot.

    ``demand_bps`` and ``pods`` have one list per target, ``workload_bps`` and ``probes`` one per critical workload;
    ``critical_bps`` is what all of these send together. ``shaping`` multiplies caps, ``bursts`` are the ground truth's
    exponential draws (``POINTS`` a slot), ``chances`` uniform draws for faults.
    """

    capacity_bps: Sequence[float]
    critical_bps: Sequence[float]
    demand_bps: Sequence[Sequence[float]]
    pods: Sequence[Sequence[int]]
    shaping: Sequence[float]
    bursts: Sequence[float]
    chances: Sequence[float]
    workload_bps: Sequence[Sequence[float]]
    probes: Sequence[Sequence[ProbeDraw]]

    @property
    def slots(self) -> int:
        """The length of the run in slots."""
        return len(self.capacity_bps)


def draw(plan: LinkPlan, plant: Plant, duration_s: float, seed: str) -> Exogenous:
    """Draw what comes from outside to one link; ``seed`` is any text."""
    slots = round(duration_s / SLOT_S)
    capacity = profile.draw(plan.capacity, slots, _stream(seed, "capacity"))
    shaping = _stream(seed, "shaping")
    bursts = _stream(seed, "bursts")
    chances = _stream(seed, "chances")
    full_bps = plant.capacity_bps
    # The first workload draws from the streams without a name, and so meets the same whether or not others follow.
    names = ["", *(f"{one.name} " for one in plan.critical[1:])]
    critical = [
        _critical(one, plant, slots, f"{seed} {name}".rstrip()) for one, name in zip(plan.critical, names, strict=True)
    ]
    probes = round(slots * SLOT_S * plant.probe_hz) + 1
    return Exogenous(
        capacity_bps=[max(share, _LEAST_SHARE) * full_bps for share in capacity],
        critical_bps=[sum(each) for each in zip(*critical, strict=True)],
        workload_bps=critical,
        demand_bps=[
            [
                max(0.0, share) * full_bps
                for share in profile.draw(target.demand, slots, _stream(seed, f"{target.name}"))
            ]
            for target in plan.targets
        ],
        pods=[
            [max(1, round(count)) for count in profile.draw(target.pods, slots, _stream(seed, f"{target.name} pods"))]
            for target in plan.targets
        ],
        shaping=[max(0.5, 1.0 + plant.shaping_noise * shaping.gauss(0.0, 1.0)) for _ in range(slots)],
        bursts=[bursts.expovariate(1.0) for _ in range(slots * POINTS)],
        chances=[chances.random() for _ in range(slots)],
        probes=[_probes(probes, _stream(seed, f"{name}probes")) for name in names],
    )


def _critical(plan: CriticalPlan, plant: Plant, slots: int, seed: str) -> list[float]:
    noise = _stream(seed, "critical noise")
    return [
        max(0.0, share * plant.capacity_bps * (1.0 + plant.critical_noise * noise.gauss(0.0, 1.0)))
        for share in profile.draw(plan.rate, slots, _stream(seed, "critical"))
    ]


def _stream(seed: str, purpose: str) -> Random:
    return Random(f"{seed} {purpose}")  # noqa: S311 - a simulation must be repeatable, not secret


def _probes(count: int, random: Random) -> list[ProbeDraw]:
    uniform, exponential, normal = random.random, random.expovariate, random.gauss
    return [ProbeDraw(exponential(1.0), normal(0.0, 1.0), uniform(), uniform(), uniform()) for _ in range(count)]

"""The ground truth of one link: what the critical packets met on the plant, and whose objective that violated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detnet.control.windows import percentile
from detnet.model.objectives import Objective
from detnet_lab.simulator.exogenous import POINTS, Exogenous
from detnet_lab.simulator.fluid_link import Slot
from detnet_lab.simulator.plant import SLOT_S, Plant
from detnet_lab.simulator.trace import GroundTruthWindow

_PACKET_BITS = 12_000.0


class GroundTruth:
    """Judges the seconds of one link by the objectives of its critical workloads."""

    def __init__(self, plant: Plant, exogenous: Exogenous, objectives: Mapping[str, Objective]) -> None:
        self._plant = plant
        self._exogenous = exogenous
        self._objectives = objectives

    def delays_ms(self, first: int, slots: Sequence[Slot]) -> list[float]:
        """Return the delays over the empty path at the points of slots from ``first`` on, sorted."""
        return self._delays_ms(list(enumerate(slots, first)))

    def window(self, first: int, slots: Sequence[Slot]) -> GroundTruthWindow:
        """Return the window that these slots make."""
        numbered = list(enumerate(slots, first))
        pdv95_ms = percentile(self._delays_ms(numbered), 0.95)
        return GroundTruthWindow(
            start_s=round(first * SLOT_S),
            pdv95_ms=pdv95_ms,
            lost_bits=sum(slot.critical_lost_bits for slot in slots),
            broken=tuple(
                name
                for (name, objective), bps in zip(self._objectives.items(), self._exogenous.workload_bps, strict=True)
                if self._broken(objective, bps, numbered, pdv95_ms)
            ),
            goodput_bps=sum(sum(slot.goodput_bits) for slot in slots) / (len(slots) * SLOT_S),
        )

    def _broken(
        self, objective: Objective, bps: Sequence[float], slots: Sequence[tuple[int, Slot]], pdv95_ms: float
    ) -> bool:
        """Return whether an objective was violated: by the delays while the workload sent, or by what it lost."""
        sending = [(at, slot) for at, slot in slots if bps[at] > 0.0]
        if 0 < len(sending) < len(slots):
            pdv95_ms = percentile(self._delays_ms(sending), 0.95)
        late = objective.jitter_ms is not None and pdv95_ms > objective.jitter_ms
        if late or (objective.latency_ms is not None and self._plant.base_rtt_ms + pdv95_ms > objective.latency_ms):
            return True
        if objective.loss_ratio is None:
            return False
        critical = self._exogenous.critical_bps
        lost_bits = sum(slot.critical_lost_bits * bps[at] / critical[at] for at, slot in sending)
        # A fluid loses fractions of packets; less than one was not lost.
        return lost_bits >= _PACKET_BITS and lost_bits > objective.loss_ratio * SLOT_S * sum(
            bps[at] for at, _ in sending
        )

    def _delays_ms(self, slots: Sequence[tuple[int, Slot]]) -> list[float]:
        bursts = self._exogenous.bursts
        delays: list[float] = []
        for at, slot in slots:
            draws = bursts[at * POINTS : (at + 1) * POINTS]
            burst_ms, most_ms = slot.burst_ms, slot.most_ms
            delays += [
                delay if (delay := queued_ms + burst_ms * one) < most_ms else most_ms
                for queued_ms, one in zip(slot.queue_ms, draws, strict=True)
            ]
        delays.sort()
        return delays

"""The probe: what each of its packets met, as the controller's source would hand it on.

A packet that came back is known after its round trip, a lost one after the probe's timeout (0.5 s, its default).
"""

from __future__ import annotations

from collections import deque

from detnet.model.samples import Sample
from detnet_lab.simulator.exogenous import POINTS, Exogenous, ProbeDraw
from detnet_lab.simulator.faults import Faults
from detnet_lab.simulator.fluid_link import Slot
from detnet_lab.simulator.plant import SLOT_S, Plant

TIMEOUT_S = 0.5
_POINT_S = SLOT_S / POINTS


class Prober:
    """Sends a packet to one critical workload every ``1 / probe_hz`` s; ``take`` hands out what has become known."""

    def __init__(self, plant: Plant, exogenous: Exogenous, faults: Faults, workload: int = 0) -> None:
        self._plant = plant
        self._exogenous = exogenous
        self._faults = faults
        self._draws = exogenous.probes[workload]
        self._number = 0
        self._returned: deque[tuple[float, Sample]] = deque()
        self._timed_out: deque[tuple[float, Sample]] = deque()

    def advance(self, now_s: float, slot: Slot) -> None:
        """Send what is due in the slot that begins at ``now_s``."""
        every_s = 1.0 / self._plant.probe_hz
        starved = self._starved(now_s)
        while (sent_s := self._number * every_s) < now_s + SLOT_S - 1e-9:
            if not starved:
                self._send(sent_s, slot, min(POINTS - 1, int((sent_s - now_s + 1e-9) / _POINT_S)))
            self._number += 1

    def take(self, until_s: float) -> list[Sample]:
        """Return what has become known since the last call and by ``until_s``."""
        known = []
        for queue in (self._returned, self._timed_out):
            while queue and queue[0][0] <= until_s:
                known.append(queue.popleft()[1])
        return known

    def _send(self, sent_s: float, slot: Slot, point: int) -> None:
        chance, plant, faults = self._draws[self._number], self._plant, self._faults
        if slot.loss[point] > chance.lost or faults.active("path-lost", sent_s):
            self._timed_out.append((sent_s + TIMEOUT_S, Sample(sent_s, None)))
            return
        delay_ms = min(slot.queue_ms[point] + chance.burst * slot.burst_ms, slot.most_ms)
        rtt_ms = plant.base_rtt_ms + delay_ms + abs(plant.probe_noise_ms * chance.noise)
        if faults.kinds:
            rtt_ms += self._disturbance_ms(sent_s, chance)
        if rtt_ms >= 1e3 * TIMEOUT_S:
            self._timed_out.append((sent_s + TIMEOUT_S, Sample(sent_s, None)))
        else:
            self._returned.append((sent_s + rtt_ms / 1e3, Sample(sent_s, rtt_ms)))

    def _disturbance_ms(self, sent_s: float, chance: ProbeDraw) -> float:
        faults = self._faults
        added_ms = faults.amount("server-slow", "ms", sent_s) + faults.amount("path-longer", "ms", sent_s)
        noise = faults.active("probe-noise", sent_s)
        if noise and chance.disturbed < noise.amounts["share"]:
            added_ms += chance.disturbance * noise.amounts["ms"]
        return added_ms

    def _starved(self, now_s: float) -> bool:
        """Return whether the probe discards this second; one draw decides for all of it."""
        fault = self._faults.active("probe-starved", now_s)
        first = int(now_s + 1e-9) * round(1.0 / SLOT_S)
        return fault is not None and self._exogenous.chances[first] < fault.amounts["share"]

"""The small packet-level plant that checks the fluid one: a FIFO served burst by burst (Lindley's recursion).

Bursts of ``burst_bytes`` arrive as a Poisson process, each of a class drawn by the rates, and are dropped whole when
they do not fit. Slow: some 10 us per ms of a full link at 100 Mbit/s; meant for links of that size and minutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import accumulate
from random import Random

from detnet_lab.simulator.exogenous import POINTS
from detnet_lab.simulator.fluid_link import Sender, Slot
from detnet_lab.simulator.plant import SLOT_S, Plant

_STEP_S = SLOT_S / POINTS


class PacketLink:
    """A drop-in for ``FluidLink``; its delays hold the bursts themselves, so the closed-form part is zero."""

    def __init__(self, plant: Plant, senders: Sequence[Sender]) -> None:
        self._senders = senders
        self._buffer_bits = plant.buffer_bits
        self._burst_bits = 8.0 * plant.burst_bytes
        self._rtt_s = plant.base_rtt_ms / 1e3
        self._queue_bits = 0.0
        self._random = Random(f"packets {plant.name}")  # noqa: S311 - repeatable, not secret

    def advance(self, capacity_bps: float, critical_bps: float) -> Slot:
        """Let one slot pass; the senders' limits are set."""
        slot = Slot([], [], 0.0, 1e3 * self._buffer_bits / capacity_bps, [], [], 0.0)
        sent = [0.0] * len(self._senders)
        passed = [0.0] * len(self._senders)
        for _ in range(POINTS):
            rtt_s = self._rtt_s + self._queue_bits / capacity_bps
            for sender in self._senders:
                sender.rate_bps = min(sender.limit_bps, sender.rate_bps + sender.growth_bps_per_s(rtt_s) * _STEP_S)
            rates = [critical_bps, *(sender.rate_bps for sender in self._senders)]
            arrived, dropped = self._serve(capacity_bps, rates)
            for at, sender in enumerate(self._senders, 1):
                sent[at - 1] += arrived[at] * self._burst_bits
                passed[at - 1] += (arrived[at] - dropped[at]) * self._burst_bits
                if dropped[at]:
                    sender.lose(dropped[at] * self._burst_bits)
            slot.critical_lost_bits += dropped[0] * self._burst_bits
            slot.queue_ms = [*slot.queue_ms, 1e3 * self._queue_bits / capacity_bps]
            slot.loss = [*slot.loss, sum(dropped) / max(1, sum(arrived))]
        slot.sent_bits, slot.goodput_bits = sent, passed
        return slot

    def _serve(self, capacity_bps: float, rates: Sequence[float]) -> tuple[list[int], list[int]]:
        """Serve one step's Poisson arrivals; return how many bursts of each class arrived and were dropped."""
        arrived, dropped = [0] * len(rates), [0] * len(rates)
        per_s = sum(rates) / self._burst_bits
        levels = list(accumulate(rates))
        random, burst, buffer = self._random, self._burst_bits, self._buffer_bits
        queue, now_s = self._queue_bits, 0.0
        while per_s > 0.0:
            gap_s = random.expovariate(per_s)
            if now_s + gap_s >= _STEP_S:
                break
            now_s += gap_s
            queue = max(0.0, queue - capacity_bps * gap_s)
            (kind,) = random.choices(range(len(rates)), cum_weights=levels)
            arrived[kind] += 1
            if queue + burst > buffer:
                dropped[kind] += 1
            else:
                queue += burst
        self._queue_bits = max(0.0, queue - capacity_bps * (_STEP_S - now_s))
        return arrived, dropped

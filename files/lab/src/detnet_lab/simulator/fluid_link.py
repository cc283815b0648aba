"""The senders of best effort, and the bottleneck: a fluid FIFO with a finite buffer, and micro-bursts on top of it.

A slot in which nothing happens (no queue, and not even the senders' limits could make one) is one step in closed form;
any other is walked through in ``POINTS`` steps.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from detnet_lab.simulator.exogenous import POINTS
from detnet_lab.simulator.plant import SLOT_S, Plant

SEGMENT_BITS = 12_000.0
DECREASE = 0.3
"""CUBIC keeps 0.7 of its window after a loss (RFC 9438 section 4.6)."""
_STEP_S = SLOT_S / POINTS
_LEAST_IDLE = 0.02
_EMPTY = (0.0,) * POINTS


class Sender:
    """The flows of one target as one fluid. Rates in bit/s.

    A TCP flow adds one segment a round trip in each round trip; after a loss the flows that were hit keep 0.7 of their
    rate. Which share of them is hit follows from how many packets each lost on average, as a Poisson number. What does
    not answer to loss (``tcp`` false) sends all it wants at once.
    """

    __slots__ = ("flows", "limit_bps", "rate_bps", "tcp")

    def __init__(self, flows: int, *, tcp: bool) -> None:
        self.flows = flows
        self.tcp = tcp
        self.rate_bps = 0.0
        self.limit_bps = 0.0

    def limit(self, cap_bps: float, demand_bps: float) -> None:
        """Set what the cap and the application allow from now on; a shaper takes effect at once."""
        self.limit_bps = min(demand_bps, cap_bps)
        if not self.tcp or self.rate_bps > self.limit_bps:
            self.rate_bps = self.limit_bps

    def growth_bps_per_s(self, rtt_s: float) -> float:
        """Return how fast the rate grows at this round-trip time."""
        return self.flows * SEGMENT_BITS / (rtt_s * rtt_s)

    def lose(self, lost_bits: float) -> None:
        """Answer to a loss of this size."""
        if self.tcp:
            hit = 1.0 - math.exp(-lost_bits / (SEGMENT_BITS * self.flows))
            self.rate_bps *= 1.0 - DECREASE * hit


@dataclass(slots=True)
class Slot:
    """What one slot did to the traffic.

    ``queue_ms`` and ``loss`` (the share of arrivals lost) have one value per point; ``burst_ms`` is the mean
    micro-burst delay and ``most_ms`` the delay of a full buffer. ``sent_bits`` are the targets' arrivals,
    ``goodput_bits`` what of them got through.
    """

    queue_ms: Sequence[float]
    loss: Sequence[float]
    burst_ms: float
    most_ms: float
    sent_bits: list[float]
    goodput_bits: list[float]
    critical_lost_bits: float


class Bottleneck(Protocol):
    """What a plant model does: let a slot pass under the senders' present limits."""

    def advance(self, capacity_bps: float, critical_bps: float) -> Slot:
        """Let one slot pass."""


class FluidLink:
    """One bottleneck and the senders of its targets."""

    def __init__(self, plant: Plant, senders: Sequence[Sender]) -> None:
        self._senders = senders
        self._buffer_bits = plant.buffer_bits
        self._burst_bits = 8.0 * plant.burst_bytes
        self._rtt_s = plant.base_rtt_ms / 1e3
        self._queue_bits = 0.0

    def advance(self, capacity_bps: float, critical_bps: float) -> Slot:
        """Let one slot pass; the senders' limits are set."""
        most_bps = critical_bps
        for sender in self._senders:
            most_bps += sender.limit_bps
        quiet = self._queue_bits <= 0.0 and most_bps <= capacity_bps
        slot = self._quiet() if quiet else self._busy(capacity_bps, critical_bps)
        load = (critical_bps * SLOT_S + sum(slot.sent_bits)) / (capacity_bps * SLOT_S)
        # Pollaczek-Khinchine with bursts of one size: the mean wait is S / 2(1 - load) once the server is busy.
        slot.burst_ms = 1e3 * self._burst_bits / capacity_bps / (2.0 * max(1.0 - load, _LEAST_IDLE))
        slot.most_ms = 1e3 * self._buffer_bits / capacity_bps
        return slot

    def _quiet(self) -> Slot:
        sent = []
        for sender in self._senders:
            gap_bps = sender.limit_bps - sender.rate_bps
            if gap_bps <= 0.0:
                sent.append(sender.rate_bps * SLOT_S)
                continue
            growth = sender.growth_bps_per_s(self._rtt_s)
            growing_s = min(SLOT_S, gap_bps / growth)
            sender.rate_bps += growth * growing_s
            sent.append(sender.rate_bps * SLOT_S - growth * growing_s * growing_s / 2.0)
        return Slot(_EMPTY, _EMPTY, 0.0, 0.0, sent, list(sent), 0.0)

    def _busy(self, capacity_bps: float, critical_bps: float) -> Slot:
        senders, queue, buffer = self._senders, self._queue_bits, self._buffer_bits
        queues, losses = [], []
        sent = [0.0] * len(senders)
        passed = [0.0] * len(senders)
        critical_lost = 0.0
        ms_per_bit = 1e3 / capacity_bps
        for _ in range(POINTS):
            rtt_s = self._rtt_s + queue / capacity_bps
            total_bps = critical_bps
            for sender in senders:
                if sender.rate_bps < sender.limit_bps:
                    grown_bps = sender.rate_bps + sender.growth_bps_per_s(rtt_s) * _STEP_S
                    sender.rate_bps = min(sender.limit_bps, grown_bps)
                total_bps += sender.rate_bps
            queue += (total_bps - capacity_bps) * _STEP_S
            share = 0.0
            if queue < 0.0:
                queue = 0.0
            elif queue > buffer:
                share = (queue - buffer) / (total_bps * _STEP_S)
                queue = buffer
            for at, sender in enumerate(senders):
                bits = sender.rate_bps * _STEP_S
                sent[at] += bits
                passed[at] += bits * (1.0 - share)
                if share > 0.0:
                    sender.lose(bits * share)
            critical_lost += share * critical_bps * _STEP_S
            queues.append(queue * ms_per_bit)
            losses.append(share)
        self._queue_bits = queue
        return Slot(queues, losses, 0.0, 0.0, sent, passed, critical_lost)

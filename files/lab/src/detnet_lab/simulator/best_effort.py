"""Best effort: what a target sends under its cap, and how it answers to loss."""

from __future__ import annotations

import math

SEGMENT_BITS = 12_000.0
DECREASE = 0.3
"""CUBIC keeps 0.7 of its window after a loss (RFC 9438 section 4.6)."""


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

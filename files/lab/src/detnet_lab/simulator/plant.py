"""The plant: what a policy cannot choose. Every parameter is explicit, and no policy is told any of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import chain, product

from detnet.model.errors import ConfigError

SLOT_S = 0.1
"""The grain of everything that comes from outside: rates, faults and caps change at multiples of it."""


@dataclass(frozen=True, slots=True)
class Plant:
    """A bottleneck, its measurements and what stands between a decision and its effect.

    Attributes:
        capacity_bps: what scenarios mean by 1.0; rates in scenarios are shares of it.
        buffer_ms: depth of the FIFO at that capacity, in ms; in bytes it stays when the capacity changes.
        actuation_s: from a write to its effect.
        probe_hz: probes a second.
        probe_noise_ms: standard deviation of what the measuring host adds to a round trip.
        burst_bytes: what arrives back to back; its micro-bursts are the M/G/1 part of the delay.
        base_rtt_ms: the round trip of the empty path.
        critical_noise: standard deviation of the critical rate around its profile, as a share, every slot anew.
        shaping_noise: standard deviation of what a cap lets through, as a share (EDT and token buckets are not exact).
        counter_age_s: how old the byte counters are when they are read.
        jitter_ms, latency_ms: the objective of the critical class, by which nothing may be lost either.
    """

    capacity_bps: float = 1e9
    buffer_ms: float = 8.0
    actuation_s: float = 1.0
    probe_hz: float = 20.0
    probe_noise_ms: float = 0.03
    burst_bytes: int = 4500
    base_rtt_ms: float = 1.0
    critical_noise: float = 0.03
    shaping_noise: float = 0.02
    counter_age_s: float = 0.1
    jitter_ms: float = 2.0
    latency_ms: float = 10.0

    def __post_init__(self) -> None:
        """Refuse what no link is.

        Raises:
            ConfigError: a value out of its range.
        """
        positive = ("capacity_bps", "buffer_ms", "probe_hz", "burst_bytes", "base_rtt_ms", "jitter_ms", "latency_ms")
        for name in positive:
            if not getattr(self, name) > 0:
                raise ConfigError(f"plant: {name} must be positive, found {getattr(self, name)}")
        for name in ("actuation_s", "probe_noise_ms", "critical_noise", "shaping_noise", "counter_age_s"):
            if not getattr(self, name) >= 0:
                raise ConfigError(f"plant: {name} must not be negative, found {getattr(self, name)}")

    @property
    def buffer_bits(self) -> float:
        """The depth of the FIFO in bits."""
        return self.buffer_ms / 1e3 * self.capacity_bps

    @property
    def name(self) -> str:
        """The parameters that the batches vary, as one word: ``1000M-8ms-1s-4500B``."""
        megabits = self.capacity_bps / 1e6
        return f"{megabits:g}M-{self.buffer_ms:g}ms-{self.actuation_s:g}s-{self.burst_bytes}B"


def grid(
    buffers_ms: Sequence[float] = (2.0, 8.0, 30.0),
    actuations_s: Sequence[float] = (0.2, 1.0, 4.0),
    bursts_bytes: Sequence[int] = (4500, 9000),
) -> tuple[Plant, ...]:
    """Return every combination, ordered like a chessboard's fields by colour in turn.

    Every second plant is then one half of them, in which every value of every parameter occurs, and so is the rest.
    Neighbours differ most in their buffers, so that a few seeds, each with the next plant, meet all of these too.
    """
    axes = [list(enumerate(values)) for values in (bursts_bytes, actuations_s, buffers_ms)]
    colours: tuple[list[Plant], list[Plant]] = ([], [])
    for (k, burst_bytes), (j, actuation_s), (i, buffer_ms) in product(*axes):
        plant = Plant(buffer_ms=buffer_ms, actuation_s=actuation_s, burst_bytes=int(burst_bytes))
        colours[(i + j + k) % 2].append(plant)
    return tuple(chain.from_iterable(zip(*colours, strict=True)))


_BASE = Plant()
SETS: Mapping[str, tuple[Plant, ...]] = {
    "reference": (_BASE,),
    "buffers": tuple(replace(_BASE, buffer_ms=ms) for ms in (2.0, 8.0, 30.0, 50.0)),
    "actuation": tuple(replace(_BASE, actuation_s=s) for s in (0.2, 1.0, 4.0, 12.0)),
    "grid": grid(),
}
"""The named sets of plants for ``--plants``."""

"""The bottleneck as a value."""

from __future__ import annotations

from dataclasses import dataclass

FRAME_BYTES = 1514


@dataclass(frozen=True, slots=True)
class Link:
    """The bottleneck: ``capacity_bps`` in bit/s and the depth of its FIFO as the ms it takes to drain at that rate."""

    capacity_bps: int
    buffer_ms: float

    @property
    def buffer_bytes(self) -> int:
        """A switch's buffer is memory: its size in bytes stays when the capacity drops, so that it drains slower."""
        return max(2 * FRAME_BYTES, int(self.capacity_bps * self.buffer_ms / 8000))

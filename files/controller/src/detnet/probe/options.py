"""How to measure, for all paths alike."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Options:
    """What the command line can set.

    A probe is lost after ``timeout_ms``; a second whose p95 of send lateness exceeds
    ``late_limit_ms`` is invalidated.
    ``dscp`` is RFC 2474's, 0 to 63; ``source`` the address to send from; ``realtime`` asks for SCHED_FIFO;
    ``duration_s`` None means until stopped.
    """

    timeout_ms: float = 500.0
    late_limit_ms: float = 0.5
    dscp: int = 0
    source: str | None = None
    realtime: bool = False
    duration_s: float | None = None

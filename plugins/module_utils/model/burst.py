"""What one burst costs on the bottleneck: bytes that leave at line rate wait there, and whoever comes after them too.

EDT (earliest departure time: Cilium's bandwidth manager with fq) delays whole packets of segmentation offload and then
sends each at line rate. A cap moves the packets apart; it does not make them smaller.
"""

from __future__ import annotations

from .rate import human

LARGEST_BYTES = 65_536
"""The largest packet that Linux hands to a device unless somebody raised its limit (GSO_LEGACY_MAX_SIZE)."""

_LATE_SHARE = 0.05  # an objective bounds a p95


def drain_ms(burst_bytes: int, capacity_bps: float) -> float:
    """Return how long a burst occupies a bottleneck of ``capacity_bps`` (bit/s), in ms.

    Raises:
        ValueError: the capacity is not positive.
    """
    if not capacity_bps > 0.0:
        raise ValueError(f"a capacity is a positive number of bit/s, not {capacity_bps}")
    return burst_bytes * 8e3 / capacity_bps


def highest_cap_bps(burst_bytes: int, capacity_bps: float, limit_ms: float) -> float | None:
    """Return the cap (bit/s) above which such bursts alone break a p95 of ``limit_ms``; ``None`` if they never do.

    A packet that arrives while a burst drains waits for the rest of it, from ``drain_ms`` down to nothing. Under a cap
    the bursts follow each other after ``burst_bytes * 8 / cap``, so the share of late packets is
    ``cap / capacity * (1 - limit / drain)``.

    Raises:
        ValueError: the capacity is not positive.
    """
    drain = drain_ms(burst_bytes, capacity_bps)
    late = 1.0 - limit_ms / drain
    return _LATE_SHARE * capacity_bps / late if late > _LATE_SHARE else None


def burst_sentence(workload: str, limit_ms: float, capacity_bps: float, burst_bytes: int = LARGEST_BYTES) -> str | None:
    """Return what such bursts do to an objective of delay, for people; ``None`` if they alone never break it.

    Raises:
        ValueError: the capacity is not positive.
    """
    highest_bps = highest_cap_bps(burst_bytes, capacity_bps, limit_ms)
    if highest_bps is None:
        return None
    drain = drain_ms(burst_bytes, capacity_bps)
    return (
        f"{burst_bytes / 1024:g} KB at {human(capacity_bps)} are {drain:.1f} ms; the objective of {workload} is "
        f"{limit_ms:g} ms: no cap above {human(highest_bps)} can hold it"
    )

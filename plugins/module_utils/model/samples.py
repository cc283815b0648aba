"""Samples: what one probe packet tells, with the time it was sent."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Sample:
    """One probe packet and its fate.

    ``sent_at_s`` is monotonic time on the host that decides, in seconds; freshness is judged by it and never by the
    time of arrival. ``rtt_ms`` is the round-trip time without the reflector's residence, in ms; ``None`` means that no
    reply came in time, which is evidence of loss and not missing data.
    """

    sent_at_s: float
    rtt_ms: float | None

"""Saying once that a trouble has begun and once that it has ended, however many packets it hits."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

QUIET_S = 5.0  # a trouble has ended when it was not seen for so long


@dataclass(slots=True)
class _Trouble:
    began_at: int
    count: int
    seen_at_s: float


class Troubles:
    """Turns growing counters into sentences about beginnings and ends."""

    def __init__(self) -> None:
        self._last: dict[str, int] = {}
        self._running: dict[str, _Trouble] = {}

    def look(self, counts: Mapping[str, int], now_s: float) -> Iterator[str]:
        """Yield what is to be said after ``counts`` (by name of the trouble) were read at ``now_s``, monotonic."""
        for name, count in counts.items():
            before = self._last.get(name, 0)
            self._last[name] = count
            running = self._running.get(name)
            if count > before and running is None:
                self._running[name] = _Trouble(before, count, now_s)
                yield f"{name}: begins"
            elif count > before and running is not None:
                running.count, running.seen_at_s = count, now_s
            elif running is not None and now_s - running.seen_at_s >= QUIET_S:
                del self._running[name]
                yield f"{name}: over, {running.count - running.began_at} times"

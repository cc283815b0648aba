"""How far a batch is, and how long it will still take."""

from __future__ import annotations

import time
from collections.abc import Callable


class Progress:
    """Turns what a batch tells into lines with the time that is left."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._began_s = clock()
        self._before: int | None = None

    def line(self, done: int, everything: int, last: str) -> str:
        """Return how far the batch is. Worlds that were known when it began took no time, and tell nothing of it."""
        if self._before is None:
            self._before = done - 1
        elapsed_s = self._clock() - self._began_s
        left_s = elapsed_s / (done - self._before) * (everything - done)
        left = f"about {_duration(left_s)} left" if done < everything else f"{_duration(elapsed_s)} in all"
        return f"{done} of {everything} worlds, {left}, last {last}"


def _duration(seconds: float) -> str:
    """Return a time in words, rounded as one would say it."""
    if seconds < 90.0:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60.0)
    return f"{minutes} min" if minutes < 90 else f"{minutes // 60} h {minutes % 60:02} min"

"""How long to wait after a failure: longer each time, never in step with others, never shorter than asked."""

from __future__ import annotations

import random
from collections.abc import Callable


class Backoff:
    """Doubling delays with jitter.

    Half of each delay is fixed and half is random ("equal jitter": Brooker, "Exponential Backoff and Jitter", AWS
    Architecture Blog, 2015), so that it can become neither a tight loop nor a herd.

    ``asked_cap_s`` bounds what a server may ask for: a Retry-After of an hour would be an hour of blindness.
    """

    def __init__(
        self,
        *,
        first_s: float = 0.1,
        cap_s: float = 10.0,
        asked_cap_s: float = 30.0,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self._first_s = first_s
        self._cap_s = cap_s
        self._asked_cap_s = asked_cap_s
        self._chance = chance
        self._delay_s = first_s

    def next_s(self, asked_s: float | None = None) -> float:
        """Return the seconds to wait before the next attempt; ``asked_s`` is what the server asked for."""
        wait_s = self._delay_s * (0.5 + 0.5 * self._chance())
        self._delay_s = min(self._cap_s, 2.0 * self._delay_s)
        return max(wait_s, min(asked_s or 0.0, self._asked_cap_s))

    def reset(self) -> None:
        """Start over: something went well."""
        self._delay_s = self._first_s

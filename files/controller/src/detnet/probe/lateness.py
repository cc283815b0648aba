"""The prober's judgement of its own punctuality.

A probe sent late measures our machine and not the path, and it comes in bursts: when one in twenty of the last second's
probes was late, the others are not trusted either. Judging the second that *ends* at each probe, instead of fixed
windows, gives the verdict at the moment of sending: nothing has to wait for a window to close.
"""

from __future__ import annotations

import math
from collections import deque

_WINDOW_NS = 10**9


class Lateness:
    """The send lateness of the last second of one path."""

    def __init__(self, limit_ms: float) -> None:
        """Take the largest p95 of lateness that leaves a window usable, in ms."""
        self._limit_ns = round(limit_ms * 1e6)
        self._recent: deque[tuple[int, int]] = deque()
        self._counted_ns: int | None = None
        self.windows = 0
        self.invalidated = False

    def judge(self, due_ns: int, sent_ns: int) -> bool:
        """Return whether the probe due at ``due_ns`` and sent at ``sent_ns`` (monotonic) may be used.

        It may when it was not late itself and when the nearest-rank p95 of the second that ends with it is within the
        limit; ``invalidated`` keeps the latter, and ``windows`` counts the seconds spent invalidated.
        """
        late_ns = sent_ns - due_ns
        self._recent.append((sent_ns, late_ns))
        while self._recent[0][0] <= sent_ns - _WINDOW_NS:
            self._recent.popleft()
        late = sum(each > self._limit_ns for _, each in self._recent)
        self.invalidated = late > len(self._recent) - math.ceil(0.95 * len(self._recent))
        if self.invalidated and (self._counted_ns is None or sent_ns - self._counted_ns >= _WINDOW_NS):
            self.windows += 1
            self._counted_ns = sent_ns
        return not self.invalidated and late_ns <= self._limit_ns

"""Conditions are logged once when they begin and once when they end.

A fault inside a loop repeats with every pass; a log line for each would bury the one that matters and fill the disk.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Mapping
from dataclasses import dataclass

QUIET_S = 5.0
"""A counted condition has ended when its counter stood still for so long."""


class StateChangeLogger:
    """The conditions that hold, each under a key of the caller's choice. Safe to share between threads."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self._ongoing: dict[str, _Condition] = {}
        self._counts: dict[str, int] = {}
        self._grown_at_s: dict[str, float] = {}

    def begin(self, key: str, message: str, *, level: int = logging.WARNING, times: int = 1) -> None:
        """Log ``message`` if the condition ``key`` did not hold; else only count that it was seen again."""
        with self._lock:
            new = key not in self._ongoing
            condition = self._ongoing.setdefault(key, _Condition(level))
            condition.times += times
        if new:
            self._logger.log(level, "%s", message)

    def end(self, key: str, message: str) -> None:
        """Log ``message`` and how often the condition ``key`` was seen, if it held; else do nothing.

        The level is that of the beginning: whoever read the one must read the other.
        """
        with self._lock:
            condition = self._ongoing.pop(key, None)
        if condition is not None:
            self._logger.log(condition.level, "%s (seen %d times)", message, condition.times)

    def counted(self, counts: Mapping[str, int], now_s: float) -> None:
        """Begin a condition when its counter has grown, end it when the counter stood still for ``QUIET_S``.

        For one thread.

        Args:
            counts: by the sentence that names the condition; counters begin at 0.
            now_s: monotonic time at which they were read, in seconds.
        """
        for sentence, count in counts.items():
            grown = count - self._counts.get(sentence, 0)
            self._counts[sentence] = count
            if grown:
                self._grown_at_s[sentence] = now_s
                self.begin(sentence, sentence, times=grown)
            elif now_s - self._grown_at_s.get(sentence, now_s) >= QUIET_S:
                self.end(sentence, f"no longer: {sentence}")

    def ongoing(self, key: str) -> bool:
        """Return whether the condition ``key`` has begun and not ended."""
        with self._lock:
            return key in self._ongoing


@dataclass(slots=True)
class _Condition:
    level: int
    times: int = 0

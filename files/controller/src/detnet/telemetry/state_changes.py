"""Conditions are logged when they begin, when they end, and every ten minutes in between.

A fault inside a loop repeats with every pass; a log line for each would bury the one that matters and fill the disk.
"""

from __future__ import annotations

import logging
import re
import threading
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass

QUIET_S = 5.0
"""A counted condition has ended when its counter stood still for so long, a problem when it was away for so long."""
REMIND_S = 600.0
"""A condition that goes on is logged again after so long."""


class StateChangeLogger:
    """The conditions that hold, each under a key of the caller's choice. Safe to share between threads."""

    def __init__(self, logger: logging.Logger, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._now_s = now_s
        self._lock = threading.Lock()
        self._ongoing: dict[str, _Condition] = {}
        self._counts: dict[str, int] = {}
        self._grown_at_s: dict[str, float] = {}

    def begin(self, key: str, message: str, *, level: int = logging.WARNING, times: int = 1) -> None:
        """Log ``message`` if the condition ``key`` did not hold or was last logged long ago; else only count it."""
        now_s = self._now_s()
        with self._lock:
            new = key not in self._ongoing
            condition = self._ongoing.setdefault(key, _Condition(level, now_s))
            condition.times += times
            again = now_s - condition.logged_s >= REMIND_S
            if again:
                condition.logged_s = now_s
            seen = condition.times
        if new:
            self._logger.log(level, "%s", message)
        elif again:
            self._logger.log(level, "still: %s (seen %d times)", message, seen)

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
    logged_s: float
    times: int = 0


_NUMBER = re.compile(r"\d+(?:\.\d+)?")


class ProblemLog:
    """Logs the problems of a cluster, which are read anew in each pass and which tenants can cause.

    A sentence that differs only in its figures is the same problem, one that is away for less than ``QUIET_S`` has not
    ended, and new ones are logged at most ``_BURST`` at once and one every ``_EVERY_S``: whoever edits an annotation
    each second fills no disk. What was not logged is counted.
    """

    _BURST = 40.0
    _EVERY_S = 30.0

    def __init__(self, logger: logging.Logger, *, now_s: Callable[[], float] = time.monotonic) -> None:
        self._logger = logger
        self._now_s = now_s
        self._state_changes = StateChangeLogger(logger, now_s=now_s)
        self._seen_s: dict[str, tuple[float, str]] = {}
        self._tokens, self._filled_s = self._BURST, now_s()
        self._unlogged = 0

    def take(self, sentences: Iterable[str]) -> None:
        """Log what has begun and what has ended."""
        now_s = self._now_s()
        self._tokens = min(self._BURST, self._tokens + (now_s - self._filled_s) / self._EVERY_S)
        self._filled_s = now_s
        for sentence in sentences:
            key = _NUMBER.sub("#", sentence)
            if key not in self._seen_s and not self._admitted():
                continue
            self._seen_s[key] = (now_s, sentence)
            self._state_changes.begin(key, sentence)
        for key, (seen_s, sentence) in list(self._seen_s.items()):
            if now_s - seen_s >= QUIET_S:
                del self._seen_s[key]
                self._state_changes.end(key, f"no longer: {sentence}")

    def _admitted(self) -> bool:
        if self._tokens < 1.0:
            self._unlogged += 1
            self._state_changes.begin("", "problems come too fast to log each of them")
            return False
        self._tokens -= 1.0
        if self._unlogged and self._tokens >= 1.0:
            self._state_changes.end("", f"problems are logged again; {self._unlogged} sightings were not")
            self._unlogged = 0
        return True

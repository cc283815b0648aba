"""Trouble is logged once when it begins and once when it ends.

A fault inside a loop repeats with every pass; a log line for each would bury the one that matters and fill the disk.
"""

from __future__ import annotations

import logging
import threading
from dataclasses import dataclass


class StateChangeLogger:
    """The troubles that are going on, each under a key of the caller's choice. Safe to share between threads."""

    def __init__(self, logger: logging.Logger) -> None:
        self._logger = logger
        self._lock = threading.Lock()
        self._ongoing: dict[str, _Trouble] = {}

    def begin(self, key: str, message: str, *, level: int = logging.WARNING) -> None:
        """Log ``message`` if the trouble ``key`` was not going on; else only count that it was seen again."""
        with self._lock:
            new = key not in self._ongoing
            trouble = self._ongoing.setdefault(key, _Trouble(level))
            trouble.times += 1
        if new:
            self._logger.log(level, "%s", message)

    def end(self, key: str, message: str) -> None:
        """Log ``message`` and how often the trouble ``key`` was seen, if it was going on; else do nothing.

        The level is that of the beginning: whoever read the one must read the other.
        """
        with self._lock:
            trouble = self._ongoing.pop(key, None)
        if trouble is not None:
            self._logger.log(trouble.level, "%s (the trouble was seen %d times)", message, trouble.times)

    def ongoing(self, key: str) -> bool:
        """Return whether the trouble ``key`` has begun and not ended."""
        with self._lock:
            return key in self._ongoing


@dataclass(slots=True)
class _Trouble:
    level: int
    times: int = 0

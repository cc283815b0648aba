"""The newest samples, kept for readers that come by: the direct source of the controller."""

from __future__ import annotations

import secrets
import threading
from collections import deque
from collections.abc import Mapping, Sequence
from typing import Any

KEPT_S = 30.0


class SampleBuffer:
    """Samples of the last 30 s, numbered in the order in which they ended, with a cursor for each reader's place.

    Written by one thread and read by others.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self._lock = threading.Lock()
        self._names = names
        self._kept: deque[tuple[int, int, float, float | None]] = deque()
        self._cursor = 0
        self.instance = secrets.token_hex(8)

    def add(self, index: int, sent_at_s: float, rtt_ms: float | None) -> None:
        """Keep one sample of the path ``index``, sent at ``sent_at_s`` (CLOCK_MONOTONIC)."""
        with self._lock:
            self._cursor += 1
            self._kept.append((self._cursor, index, sent_at_s, rtt_ms))
            while self._kept[0][2] < sent_at_s - KEPT_S:
                self._kept.popleft()

    def after(self, cursor: int, now_s: float, invalidated: Mapping[str, bool]) -> dict[str, Any]:
        """Return what ended after ``cursor``, with ages in s; everything kept when the cursor is not one of ours.

        Args:
            cursor: the ``cursor`` of an earlier answer, or 0.
            now_s: CLOCK_MONOTONIC.
            invalidated: by path, whether its running second is invalidated.
        """
        with self._lock:
            newest = self._cursor
            kept = [each for each in self._kept if each[2] >= now_s - KEPT_S]
        if not 0 <= cursor <= newest:
            cursor = 0
        samples: dict[str, list[list[float | None]]] = {name: [] for name in self._names}
        for number, index, sent_at_s, rtt_ms in kept:
            if number > cursor:
                samples[self._names[index]].append([round(now_s - sent_at_s, 6), rtt_ms])
        paths = {name: {"samples": samples[name], "invalidated": invalidated[name]} for name in self._names}
        return {"instance": self.instance, "cursor": newest, "paths": paths}

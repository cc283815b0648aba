"""Counters that the measuring process writes and its parent reads, in memory both share.

Counting costs the measuring loop one store, needs no message and loses nothing; each figure is one aligned 64-bit word
with one writer, so a reader sees it whole.
"""

from __future__ import annotations

import mmap
from enum import IntEnum, auto


class Counter(IntEnum):
    """What is known of one path."""

    SENT = 0
    RECEIVED = auto()
    LOST = auto()
    LATE = auto()
    DUPLICATE = auto()
    UNSOLICITED = auto()
    MALFORMED = auto()
    CLOCK_STEP = auto()
    INVALIDATED = auto()
    LINK_FAILURES = auto()
    INVALIDATED_WINDOWS = auto()
    DROPPED = auto()  # samples that the parent was too slow to read
    INVALIDATED_NOW = auto()  # 1 while the running second is invalidated
    SAME_HOST = auto()
    SAME_HOST_NOW = auto()  # 1 while the newest answer came from our own network stack
    LAST_ATTEMPT_NS = auto()  # CLOCK_MONOTONIC of the newest probe, sent or not
    LAST_FAILURE = auto()  # errno of the newest link failure; negative: getaddrinfo's code


class SharedCounters:
    """One path's figures, a view into memory that outlives a fork."""

    __slots__ = ("_words",)

    def __init__(self, words: memoryview) -> None:
        self._words = words

    @classmethod
    def shared(cls, paths: int) -> tuple[SharedCounters, ...]:
        """Return one zeroed tally per path, shared with every process forked from now on."""
        width = len(Counter) * 8
        memory = memoryview(mmap.mmap(-1, paths * width))
        return tuple(cls(memory[at : at + width].cast("q")) for at in range(0, paths * width, width))

    def count(self, figure: Counter, number: int = 1) -> None:
        """Add to a counter; for its one writer only."""
        self._words[figure] += number

    def put(self, figure: Counter, value: int) -> None:
        """Set a figure; for its one writer only."""
        self._words[figure] = value

    def __getitem__(self, figure: Counter) -> int:
        return self._words[figure]

"""Punctuality: when probes are due, whether one was sent on time, and what makes the process punctual.

The schedule is absolute, so that the error of one moment is not carried into the next. A probe sent late measures our
machine and not the path, and it comes in bursts: when one in twenty of the last second's probes was late, the others
are not trusted either. Judging the second that *ends* at each probe, instead of fixed windows, gives the verdict at the
moment of sending: nothing has to wait for a window to close. Real-time priority gains most on a busy machine; without
the privilege a probe still measures, and discards what its own lateness invalidates.

"""

from __future__ import annotations

import ctypes
import gc
import logging
import math
import os
from collections import deque


class Schedule:
    """Slots at a steady rate; times are monotonic ns."""

    def __init__(self, *, start_ns: float, rate_hz: float) -> None:
        self._start_ns = start_ns
        self._period_ns = 1e9 / rate_hz
        self._slot = 0

    @property
    def due_ns(self) -> int:
        """When the next probe is due."""
        return round(self._start_ns + self._slot * self._period_ns)

    def take(self, now_ns: int) -> tuple[int, int]:
        """Use the newest slot that is due at ``now_ns`` and return its time and how many older ones are left out.

        A burst of belated probes would measure only itself.
        """
        missed = max(int((now_ns - self._start_ns) / self._period_ns) - self._slot, 0)
        self._slot += missed
        due_ns = self.due_ns
        self._slot += 1
        return due_ns, missed


def starts_ns(rates_hz: list[float], *, now_ns: int, share: float) -> list[float]:
    """Return a start for each path, spread evenly over one period of its own.

    Paths of one rate would otherwise delay each other for as long as they run, if they happened to be due together.
    ``share``, in [0, 1), is the part of a period by which all are moved, so that several probers do not fire together.
    """
    count = len(rates_hz)
    return [now_ns + (index + share) / count * 1e9 / rate_hz for index, rate_hz in enumerate(rates_hz)]


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


PRIORITY = 10  # above every normal task, below the kernel's own threads (50)
_PR_SET_TIMERSLACK = 29  # <linux/prctl.h>

_log = logging.getLogger(__name__)


def become_punctual(*, realtime: bool) -> None:
    """Let timers fire on time (prctl(2): up to 50 us late by default), keep collections short, and run as SCHED_FIFO.

    Args:
        realtime: ask for SCHED_FIFO (sched(7)); a refusal is logged with what would permit it, and the process goes on.
    """
    gc.collect()
    gc.freeze()
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_TIMERSLACK, ctypes.c_ulong(1), 0, 0, 0)
    if not realtime:
        return
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(PRIORITY))
    except PermissionError:
        _log.warning(
            "real-time priority is not permitted, going on at normal priority: grant CAP_SYS_NICE or LimitRTPRIO=%d",
            PRIORITY,
        )

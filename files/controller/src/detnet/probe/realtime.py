"""Making one process punctual: priority, timer slack, short garbage collections.

The gain is largest on a busy machine. Without the privilege a probe still measures, and discards what its own lateness
invalidates.
"""

from __future__ import annotations

import ctypes
import gc
import logging
import os

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

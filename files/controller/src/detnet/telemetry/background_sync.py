"""fsync(2) away from the control loop.

A disk shared with etcd or a busy journal can hold fsync for seconds. The line is in the kernel once write(2) returned,
so killing the daemon loses nothing; fsync only guards against the machine's own death, and no cut may wait for it.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable


class BackgroundSync:
    """Runs ``sync`` in a thread of its own: at once when urgent, else at most every ``interval_s`` seconds.

    Requests that come while ``sync`` runs are answered by one further run. ``sync`` must not raise.
    """

    def __init__(self, sync: Callable[[], None], *, interval_s: float, name: str = "audit-sync") -> None:
        self._sync = sync
        self._interval_s = interval_s
        self._due_s = time.monotonic()
        self._wanted = threading.Event()
        self._closing = False
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        self._thread.start()

    def request(self, *, urgent: bool) -> None:
        """Ask for a run; never waits for it."""
        now_s = time.monotonic()
        if urgent or now_s >= self._due_s:
            self._due_s = now_s + self._interval_s
            self._wanted.set()

    def close(self, *, within_s: float) -> None:
        """Run ``sync`` a last time, but wait no longer than ``within_s`` seconds for a disk that hangs."""
        self._closing = True
        self._wanted.set()
        self._thread.join(within_s)

    def _run(self) -> None:
        closing = False
        while not closing:
            self._wanted.wait()
            self._wanted.clear()
            closing = self._closing  # read before the sync, so that a run follows the request to close
            self._sync()

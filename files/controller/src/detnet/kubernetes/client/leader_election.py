"""One leader at a time: a candidate that asks the API server by the rules of ``election_protocol``.

Losing needs nobody's help: ``leading`` lapses by itself on the monotonic clock, even if this thread hangs in a request.
That every write ends in time is the writer's part: it gives each request ``until_s=deadline_s``. Nothing of it is sent
after that, also when the process was stopped in between (``transport``); what a server carries out even
later has ``duration_s - renew_s`` left.

Why not the Python client's elector: docs/decisions/0007-own-watch-and-lease.md.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable

from detnet.kubernetes.client.api import Api, ApiError, ApiRefused
from detnet.kubernetes.client.election_protocol import Dialogue, ElectionProtocol, LeaseTimes
from detnet.telemetry.state_changes import StateChangeLogger

__all__ = ["LeaderElector", "LeaseTimes"]

logger = logging.getLogger(__name__)


class LeaderElector:
    """A candidate for the lease ``namespace/name``. ``identity`` must be unique to this process.

    ``on_change(leading)`` is called after each change from the thread of ``run``; ``release`` calls it in its own.
    """

    def __init__(  # noqa: PLR0913, PLR0917 - a lease's name and an identity, and what makes it testable
        self,
        api: Api,
        namespace: str,
        name: str,
        identity: str,
        times: LeaseTimes | None = None,
        clock: Callable[[], float] = time.monotonic,
        *,
        on_change: Callable[[bool], None] | None = None,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.on_change = on_change
        self.last_error: str | None = None
        """Why the lease could not be reached at the last attempt, in one sentence."""
        self._api = api
        self._name = f"{namespace}/{name}"
        self._times = times or LeaseTimes()
        self._protocol = ElectionProtocol(namespace, name, identity, self._times, clock, chance)
        self._clock = clock
        self._state_changes = StateChangeLogger(logger)
        self._one_at_a_time = threading.Lock()
        self._reported = False

    @property
    def leading(self) -> bool:
        """Whether this process may write now. Ask right before each write, not once per pass."""
        return self._protocol.leading

    @property
    def deadline_s(self) -> float:
        """Monotonic time before which every write must have ended; in the past when not leading."""
        return self._protocol.deadline_s

    @property
    def holder(self) -> str:
        """Who held the lease when it was last seen; empty for nobody."""
        return self._protocol.holder

    def run(self, stop: threading.Event) -> None:
        """Stand for election until ``stop``; then stop writing and call ``release``."""
        while not stop.is_set():
            try:
                pause_s = self.step()
            except Exception:  # the thread outlives a bug, in ``on_change`` or here; leading lapses meanwhile
                logger.exception("lease %s: an attempt failed by a bug", self._name)
                pause_s = self._times.retry_s
            stop.wait(pause_s)

    def step(self) -> float:
        """Make one attempt; return the seconds to wait before the next."""
        asked_s = 0.0
        with self._one_at_a_time:
            try:
                self._hold(self._protocol.attempt())
            except ApiError as error:
                self.last_error = str(error)
                self._state_changes.begin("lease", f"lease {self._name}: cannot renew or acquire it: {error}")
                asked_s = (error.retry_after_s or 0.0) if isinstance(error, ApiRefused) else 0.0
            else:
                self.last_error = None
                self._state_changes.end("lease", f"lease {self._name}: the API server answers again")
            self._notify()
        return self._protocol.pause_s(asked_s)

    def release(self) -> None:
        """Lead no more, for good, and let the next one begin at once. Call it when the last write has ended."""
        self._protocol.give_up()
        with self._one_at_a_time:
            self._notify()
            try:
                self._hold(self._protocol.release())
            except ApiError as error:
                logger.warning("lease %s: release failed, other replicas wait until it expires: %s", self._name, error)

    def _hold(self, dialogue: Dialogue) -> None:
        """Send a dialogue's requests to the API server, in time."""
        try:
            ask = next(dialogue)
            while True:
                timeout_s = self._times.request_s
                if self.leading:
                    timeout_s = min(timeout_s, self.deadline_s - self._clock())
                try:
                    answer = self._api.request(ask.method, ask.path, body=ask.body, timeout_s=timeout_s)
                except ApiError as error:
                    ask = dialogue.throw(error)
                else:
                    ask = dialogue.send(answer)
        except StopIteration:
            return

    def _notify(self) -> None:
        leading = self.leading
        if leading == self._reported:
            return
        self._reported = leading
        logger.info("lease %s: %s", self._name, "leading" if leading else f"not leading, held by {self.holder!r}")
        if self.on_change is not None:
            self.on_change(leading)

"""Connections whose ``timeout`` is what is left of one deadline.

A urllib3 timeout bounds one socket operation, so a server that drips its answer holds the caller for as long as it
likes (measured: 3.8 s with a total of 0.4 s). urllib3 sets ``timeout`` on a connection twice per request: to the total
before it connects, and to what remains of it before it reads. Here setting it moves a deadline, reading it gives what
is left, and every single read and write asks again.

So a request whose process was stopped, or whose name lookup hung, does not go out late: its time is over. That is what
a lease's holder needs (``nothing_later_than``): its write must not follow its successor's.
"""

from __future__ import annotations

import contextvars
import functools
import math
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import urllib3

from detnet.sources.fetch import DeadlineResponse

_until_s: contextvars.ContextVar[float] = contextvars.ContextVar("until_s", default=math.inf)


@contextmanager
def nothing_later_than(monotonic_s: float) -> Iterator[None]:
    """Bound what this thread asks of connections; an absolute time, for the process may be stopped at any moment."""
    before = _until_s.set(monotonic_s)
    try:
        yield
    finally:
        _until_s.reset(before)


class DeadlineConnection(urllib3.connection.HTTPConnection):
    """A connection under a deadline; the base of both schemes."""

    _end_s = math.inf

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.response_class = functools.partial(  # type: ignore[assignment] # called like the class it makes
            DeadlineResponse, left_s=lambda: self.timeout
        )

    @property
    def timeout(self) -> float | None:
        """The seconds that are left; ``None`` for no bound."""
        if self._end_s == math.inf:
            return None
        left_s = self._end_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError("the time for this request is over")
        return left_s

    @timeout.setter
    def timeout(self, seconds: float | None) -> None:
        """Move the deadline to that many seconds from now."""
        left_s = math.inf if seconds is None else seconds
        self._end_s = min(time.monotonic() + left_s, _until_s.get())

    def _new_conn(self) -> socket.socket:
        sock = super()._new_conn()
        sock.settimeout(self.timeout)  # the TLS handshake comes next
        return sock

    def send(self, data: Any) -> None:
        """Send what still may be sent."""
        if self.sock is not None:
            self.sock.settimeout(self.timeout)
        super().send(data)


class DeadlineTlsConnection(DeadlineConnection, urllib3.connection.HTTPSConnection):
    """The same over TLS."""


class _Pool(urllib3.HTTPConnectionPool):
    ConnectionCls = DeadlineConnection


class _TlsPool(urllib3.HTTPSConnectionPool):
    ConnectionCls = DeadlineTlsConnection


def put_under_deadlines(manager: urllib3.PoolManager) -> None:
    """Let ``manager`` make such connections from now on."""
    manager.pool_classes_by_scheme = {"http": _Pool, "https": _TlsPool}

"""Notify systemd of the controller's state (sd_notify(3)); without systemd nothing is sent.

Written here because it is ten lines: with an optional library a missing package would silently take ``Type=notify`` and
the watchdog away.
"""

from __future__ import annotations

import logging
import os
import socket
import time
from collections.abc import Mapping

from detnet.model.errors import UserError
from detnet.telemetry.state_changes import StateChangeLogger

_PATIENCE_S = 0.1
"""A service manager that does not read its socket may hold a pass of the loop no longer than this."""


class Notifier:
    """Sends states to the socket that ``NOTIFY_SOCKET`` names; a send that fails is logged once and survived."""

    def __init__(self, environ: Mapping[str, str] = os.environ) -> None:
        address = environ.get("NOTIFY_SOCKET", "")
        self._address = "\0" + address[1:] if address.startswith("@") else address  # unix(7): abstract names
        self._state_changes = StateChangeLogger(logging.getLogger(__name__))

    def ready(self, status: str) -> None:
        """The controller is up, or has finished to reload."""
        self._send("READY=1", f"STATUS={_one_line(status)}")

    def cycle_finished(self, status: str) -> None:
        """Feed the watchdog; called only at the end of a control cycle, so that a stuck loop is restarted."""
        self._send("WATCHDOG=1", f"STATUS={_one_line(status)}")

    def reloading(self) -> None:
        """The controller reads its configuration again; ``ready`` ends it (``Type=notify-reload``)."""
        self._send("RELOADING=1", f"MONOTONIC_USEC={time.clock_gettime_ns(time.CLOCK_MONOTONIC) // 1000}")

    def stopping(self) -> None:
        """The controller is stopping."""
        self._send("STOPPING=1")

    def _send(self, *fields: str) -> None:
        if not self._address:
            return
        try:
            with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as sock:
                sock.settimeout(_PATIENCE_S)
                sock.connect(self._address)
                sock.send("\n".join(fields).encode())
        except OSError as error:
            self._state_changes.begin(
                "send", f"notifying systemd at {self._address!r} failed: {error.strerror or error}"
            )
            return
        self._state_changes.end("send", "systemd is notified again")


def watchdog_interval_s(environ: Mapping[str, str] = os.environ) -> float | None:
    """Return how often, in seconds, to feed the watchdog, half of ``WATCHDOG_USEC`` (sd_watchdog_enabled(3)).

    ``None`` means that no watchdog is set, or that it is set for another process (``WATCHDOG_PID``).

    Raises:
        UserError: ``WATCHDOG_USEC`` is not a positive number of microseconds.
    """
    text = environ.get("WATCHDOG_USEC")
    if text is None or environ.get("WATCHDOG_PID", str(os.getpid())) != str(os.getpid()):
        return None
    if not text.isdecimal() or int(text) == 0:
        raise UserError(f"WATCHDOG_USEC={text!r}: expected a positive number of microseconds, as systemd sets it")
    return int(text) / 2e6


def _one_line(text: str) -> str:
    """A line break would start another field."""
    return " ".join(text.split())

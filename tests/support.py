"""What several test areas share."""

from __future__ import annotations

import socket
import time
import urllib.error
import urllib.request
from collections.abc import Callable


def wait_for(condition: Callable[[], object], *, what: str, within_s: float = 10.0) -> None:
    """Return as soon as ``condition`` holds.

    Raises:
        AssertionError: it did not hold within ``within_s`` seconds.
    """
    deadline_s = time.monotonic() + within_s
    while not condition():
        if time.monotonic() > deadline_s:
            raise AssertionError(f"{what}: not within {within_s} s")
        time.sleep(0.02)


def free_port() -> int:
    """Return a port of loopback that nobody has."""
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        return int(sock.getsockname()[1])


def ask(port: int, path: str) -> tuple[int, str]:
    """Ask a server on loopback over HTTP; (0, reason) while nothing listens."""
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError as error:
        return 0, str(error)

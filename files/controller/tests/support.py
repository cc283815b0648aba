"""What several test areas share."""

from __future__ import annotations

import time
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

"""Where hosts keep their files, and how commands are run."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Callable
from pathlib import Path

CACHE = Path(__file__).parents[2] / ".cache" / "systemd-hosts"
RUN = CACHE / "run"


class HostError(Exception):
    """A host cannot be made, started or ended; the message says why."""


def run(*command: str) -> str:
    """Run a command and return what it printed.

    Raises:
        HostError: it failed; the message has the end of its output.
    """
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise HostError(f"{' '.join(command)[:200]} failed: {(done.stdout + done.stderr)[-2000:].strip()}")
    return done.stdout


def wait_until(holds: Callable[[], bool], what: str, timeout_s: float) -> None:
    """Return when ``holds`` does.

    Raises:
        HostError: it did not within ``timeout_s`` seconds.
    """
    deadline_s = time.monotonic() + timeout_s
    while not holds():
        if time.monotonic() > deadline_s:
            raise HostError(f"{what} took longer than {timeout_s:g} s")
        time.sleep(0.05)

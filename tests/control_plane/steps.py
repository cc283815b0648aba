"""The steps of a build: told as they begin and end, with a failing command's own words in the error."""

from __future__ import annotations

import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path


class BuildError(Exception):
    """The programs cannot be had; the message says which step failed and what would help."""


def run(command: Sequence[str], folder: Path, environment: Mapping[str, str] | None = None) -> str:
    """Run a command in a folder and return what it printed.

    Raises:
        BuildError: it failed; the message has the end of its output.
    """
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)
    if done.returncode != 0:
        raise BuildError(f"{' '.join(command)[:200]} failed:\n{(done.stdout + done.stderr)[-2000:]}")
    return done.stdout


@contextmanager
def step(what: str) -> Iterator[None]:
    """Print what is being done, and how long it took."""
    print(f"control-plane: {what} ...", end=" ", flush=True)
    started_s = time.monotonic()
    try:
        yield
    except BaseException:
        print("failed", flush=True)
        raise
    print(f"{time.monotonic() - started_s:.0f} s", flush=True)

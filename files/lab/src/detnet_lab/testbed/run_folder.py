"""The output folder of a run: what is in it, who holds it, and how to watch it from elsewhere."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import TracebackType
from typing import IO, Self

from detnet.model.errors import UserError

_LOG, _RECORD, _PART = "live.log", "run.json", "run.json.part"
_RESULTS = (_RECORD, _PART, "summary.json", "summary.txt", "report.html", "report.png")
_POLL_S = 0.1


class RunFolder:
    """Holds the folder for one run: a lock on its live log, which the kernel lets go of however we end."""

    def __init__(self, folder: Path) -> None:
        """Take the folder and clear away the results of an earlier run, so that no one takes them for this one's.

        Raises:
            UserError: it cannot be written, or another run holds it.
        """
        self.folder = folder
        with _os_error_as_user_error(folder):
            folder.mkdir(parents=True, exist_ok=True)
            self._log = (folder / _LOG).open("a", encoding="utf-8", buffering=1)
            try:
                fcntl.flock(self._log, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise UserError(f"another run writes to {folder}; wait for it or give another --out") from error
            self._log.truncate(0)
            for name in _RESULTS:
                (folder / name).unlink(missing_ok=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._log.close()

    def say(self, line: str) -> None:
        """Add a line to the live log."""
        with _os_error_as_user_error(self.folder):
            self._log.write(f"{line}\n")

    @contextmanager
    def record(self) -> Iterator[IO[bytes]]:
        """Open the run's record; it gets its name when it is whole, and is no file at all if nothing was recorded."""
        part = self.folder / _PART
        with _os_error_as_user_error(self.folder):
            file = part.open("wb")
        try:
            with file:
                yield file
        finally:
            if part.stat().st_size and _is_whole(part):
                part.replace(self.folder / _RECORD)
            else:
                part.unlink()


def follow(folder: Path, show: Callable[[str], None], *, patience_s: float) -> None:
    """Show a run's lines from its start to its end, waiting for one to start.

    Raises:
        UserError: no run started within ``patience_s`` seconds.
    """
    path, since_s, deadline_s = folder / _LOG, time.time(), time.monotonic() + patience_s
    while not _is_held(path) and not (path.exists() and path.stat().st_mtime >= since_s):
        if time.monotonic() > deadline_s:
            raise UserError(f"no run has started in {folder} within {patience_s:g} s")
        time.sleep(_POLL_S)
    with path.open(encoding="utf-8") as log:
        held = True
        while held:
            held = _is_held(path)  # asked before reading, so that the last lines are not missed
            for line in log:
                show(line.rstrip("\n"))
            time.sleep(_POLL_S if held else 0)


def _is_held(path: Path) -> bool:
    try:
        with path.open() as log:
            fcntl.flock(log, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except FileNotFoundError:
        return False
    except BlockingIOError:
        return True
    return False


def _is_whole(path: Path) -> bool:
    try:
        json.loads(path.read_bytes())
    except ValueError:
        return False
    return True


@contextmanager
def _os_error_as_user_error(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise UserError(f"cannot write to {folder}: {error.strerror or os.strerror(error.errno or 0)}") from error

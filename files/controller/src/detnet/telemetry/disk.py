"""Bytes on the disk: files replaced as a whole, and fsync(2) away from the control loop."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from pathlib import Path


def replace_file(path: Path, content: bytes, *, mode: int = 0o666) -> None:
    """Put ``content`` in the place of a file and on the disk: readers find the old file or the new one, whole.

    Args:
        path: the file; its folder must exist.
        content: all of the new file.
        mode: permissions of the new file, less the umask.

    Raises:
        OSError: it could not be written; the old file is untouched and nothing else is left.
    """
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        draft.unlink(missing_ok=True)  # of a process that was killed: its permissions are not ours
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, mode), "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
    sync_path(path.parent)


def sync_path(path: Path) -> None:
    """Bring a file or folder to the disk, by name.

    Raises:
        OSError: it cannot be opened, or fsync(2) failed.
    """
    fd = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    finally:
        os.close(fd)


class BackgroundSync:
    """Runs ``sync`` in a thread of its own: at once when urgent, else at most every ``interval_s`` seconds.

    A disk shared with etcd or a busy journal can hold fsync(2) for seconds, and no cut may wait for it. The line is in
    the kernel once write(2) returned, so a killed process loses nothing; fsync guards against the machine's own death.
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

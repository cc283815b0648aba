"""The audit log: one JSON line for each decision, kept through crashes, full disks and rotation.

A line is written by one write(2) to a file opened with O_APPEND, so a kill leaves whole lines or, if the machine or the
disk gave out, one torn last line; opening the file repairs that by starting on a new line. A line that cannot be
written is lost and counted, because the loop must go on; the next line written says how many are missing before it.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import os
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from pathlib import Path

from detnet.model.errors import UserError
from detnet.telemetry.disk import BackgroundSync, sync_path
from detnet.telemetry.json_lines import encode, is_at, rotate, rotated
from detnet.telemetry.state_changes import StateChangeLogger

_MIB = 1 << 20


def _utc_now() -> datetime:
    return datetime.now(UTC)


class AuditLog:
    """Writes decisions to ``path``; one writer per file.

    ``lost_total`` counts the lines that could not be written, ``failures_total`` the failed calls behind them and those
    of rotation and fsync.

    Args:
        path: the file; its folder must exist.
        max_bytes: size at which the file is rotated.
        files: how many files to keep, ``path`` included; at least 2.
        now: wall clock that stamps the lines.

    Raises:
        UserError: ``path`` exists and is not a regular file, so that it could not be rotated.
    """

    def __init__(
        self, path: Path, *, max_bytes: int = 16 * _MIB, files: int = 5, now: Callable[[], datetime] = _utc_now
    ) -> None:
        if path.exists() and not path.is_file():
            raise UserError(
                f"audit log {path}: not a regular file; name a file in a folder that may hold its rotations"
            )
        self.lost_total = 0
        self._path = path
        self._max_bytes = max_bytes
        self._files = files
        self._now = now
        self._fd: int | None = None
        self._lost_before = 0
        self._write_failures = self._sync_failures = 0
        self._folder_changed = True
        self._state_changes = StateChangeLogger(logging.getLogger(__name__))
        self._disk = BackgroundSync(self._sync, interval_s=1.0)

    @property
    def failures_total(self) -> int:
        """Failed writes, rotations and fsyncs."""
        return self._write_failures + self._sync_failures

    def write(self, entry: Mapping[str, object], *, urgent: bool = False) -> None:
        """Append ``entry`` as one line, stamped with the time; never raises ``OSError``.

        Args:
            entry: JSON-like values; dataclasses, enumerations and mappings are converted, infinite and NaN numbers
                become texts because JSON has none.
            urgent: bring it to the disk at once (cuts) instead of within a second.
        """
        lost = {"lost_before": self._lost_before} if self._lost_before else {}
        line = encode({"time": self._now().isoformat(timespec="milliseconds"), **lost, **entry})
        try:
            self._append(line)
        except OSError as error:
            self._lost_before += 1
            self.lost_total += 1
            self._write_failures += 1
            self._state_changes.begin(
                "write", f"audit log {self._path}: write failed, lines are lost and counted: {error.strerror}"
            )
            return
        self._state_changes.end(
            "write", f"audit log {self._path}: writes succeed again, {self._lost_before} lines were lost"
        )
        self._lost_before = 0
        self._disk.request(urgent=urgent)

    def close(self) -> None:
        """Bring the file to the disk and close it; a disk that hangs is given two seconds."""
        self._disk.close(within_s=2.0)
        self._close_file()

    def _append(self, line: bytes) -> None:
        fd = self._open()
        size = os.fstat(fd).st_size
        if size and size + len(line) > self._max_bytes and self._rotated():
            fd, size = self._open(), 0
        torn = size > 0 and os.pread(fd, 1, size - 1) != b"\n"
        data = b"\n" + line if torn else line
        if os.write(fd, data) < len(data):
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        if torn:
            logging.getLogger(__name__).warning(
                "audit log %s: its last line was torn; started on a new one", self._path
            )

    def _open(self) -> int:
        """Return a descriptor of the file now at ``path``: someone may have moved, removed or remounted it."""
        if self._fd is not None:
            if is_at(self._path, self._fd):
                return self._fd
            self._close_file()
        self._fd = os.open(self._path, os.O_RDWR | os.O_APPEND | os.O_CREAT | os.O_CLOEXEC, 0o640)
        return self._fd

    def _rotated(self) -> bool:
        """Rotate; on failure the file grows past its size rather than lose a line."""
        try:
            rotate(self._path, self._files)
        except OSError as error:
            self._write_failures += 1
            self._state_changes.begin(
                "rotate", f"audit log {self._path}: rotation failed, the file grows past its size: {error.strerror}"
            )
            return False
        self._state_changes.end("rotate", f"audit log {self._path}: rotation succeeds again")
        self._close_file()
        self._folder_changed = True
        return True

    def _close_file(self) -> None:
        if self._fd is not None:
            os.close(self._fd)
            self._fd = None

    def _sync(self) -> None:
        """Sync by name, in the background thread: a descriptor might be closed by the loop meanwhile."""
        folder_changed, self._folder_changed = self._folder_changed, False
        paths = [rotated(self._path, 1), self._path, self._path.parent] if folder_changed else [self._path]
        try:
            for path in paths:
                with contextlib.suppress(FileNotFoundError):  # being rotated, or never written
                    sync_path(path)
        except OSError as error:
            self._sync_failures += 1
            self._state_changes.begin(
                "sync", f"audit log {self._path}: fsync failed, lines may not survive a power cut: {error.strerror}"
            )
            return
        self._state_changes.end("sync", f"audit log {self._path}: fsync succeeds again")

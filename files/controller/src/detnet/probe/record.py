"""Every sample of a run as a line of JSON."""

from __future__ import annotations

import json
from pathlib import Path

from detnet.model.errors import UserError
from detnet.probe.session import Outcome


class Record:
    """A file with one object a line.

    ``path``, ``sent_at_s`` (CLOCK_MONOTONIC), ``rtt_ms`` (null: lost), ``late_ms`` (own send lateness) and ``usable``
    (false: our lateness invalidates it).
    """

    def __init__(self, file: Path) -> None:
        """Create or empty the file.

        Raises:
            UserError: it cannot be written.
        """
        self._name = file
        try:
            self._stream = file.open("w", encoding="utf-8")
        except OSError as error:
            raise self._complaint(error) from error

    def write(self, path: str, sent_at_s: float, rtt_ms: float | None, outcome: Outcome) -> None:
        """Add one sample.

        Raises:
            UserError: it cannot be written.
        """
        line = {
            "path": path,
            "sent_at_s": sent_at_s,
            "rtt_ms": rtt_ms,
            "late_ms": outcome.late_ns / 1e6,
            "usable": outcome.usable,
        }
        try:
            self._stream.write(json.dumps(line) + "\n")
        except OSError as error:
            raise self._complaint(error) from error

    def flush(self) -> None:
        """Let readers see what was added.

        Raises:
            UserError: it cannot be written.
        """
        try:
            self._stream.flush()
        except OSError as error:
            raise self._complaint(error) from error

    def close(self) -> None:
        """Write the rest and close.

        Raises:
            UserError: it cannot be written.
        """
        try:
            self._stream.close()
        except OSError as error:
            raise self._complaint(error) from error

    def _complaint(self, error: OSError) -> UserError:
        return UserError(f"cannot write the samples to {self._name}: {error.strerror}")

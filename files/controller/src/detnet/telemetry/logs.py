"""Logging for whoever reads it: a person at a terminal, journald, or a pod's log collector.

The standard library is enough, and everything we use logs there too.
"""

from __future__ import annotations

import json
import logging
import os
import sys
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import TextIO

_PRIORITIES = ((logging.CRITICAL, 2), (logging.ERROR, 3), (logging.WARNING, 4), (logging.INFO, 6))
"""Python's levels as syslog priorities (sd-daemon(3)); anything lower is debug, 7."""


def configure(level: str = "INFO", *, stream: TextIO | None = None, environ: Mapping[str, str] = os.environ) -> None:
    """Send all log records of ``level`` and above to ``stream`` (stderr), in the form its reader wants."""
    stream = stream or sys.stderr
    handler = logging.StreamHandler(stream)
    handler.setFormatter(_formatter_for(stream, environ))
    root = logging.getLogger()
    for old in root.handlers[:]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level)


def _formatter_for(stream: TextIO, environ: Mapping[str, str]) -> logging.Formatter:
    if _is_journal(stream, environ):
        return JournalFormatter("%(name)s: %(message)s")
    if stream.isatty():
        return logging.Formatter("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")
    return JsonFormatter()


def _is_journal(stream: TextIO, environ: Mapping[str, str]) -> bool:
    """Compare the stream with the one systemd connected: the variable alone is inherited by redirected children.

    systemd.exec(5), ``JOURNAL_STREAM``: device and inode, in decimal, separated by a colon.
    """
    try:
        opened = os.fstat(stream.fileno())
    except OSError:  # a stream without a descriptor
        return False
    return environ.get("JOURNAL_STREAM") == f"{opened.st_dev}:{opened.st_ino}"


class JournalFormatter(logging.Formatter):
    """Puts the priority in front of every line, because journald takes each line for an entry of its own."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record with ``<n>`` in front of each of its lines (sd-daemon(3))."""
        priority = next((number for level, number in _PRIORITIES if record.levelno >= level), 7)
        return "\n".join(f"<{priority}>{line}" for line in super().format(record).splitlines())


class JsonFormatter(logging.Formatter):
    """One JSON object per record, its traceback inside, so that collectors see one entry."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the record as one line."""
        fields = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return json.dumps(fields)

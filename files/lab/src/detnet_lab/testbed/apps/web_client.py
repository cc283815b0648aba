"""A paced web client: ``python -m detnet_lab.testbed.apps.web_client URL RATE_HZ CONNECTIONS [NAME FILE]``.

Each connection fetches on its own fixed schedule; a page that is late delays its connection's next one, as a browser
would. With FILE every fetch is a line in the format of ``detnet probe --json``.
"""

from __future__ import annotations

import http.client
import json
import sys
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

_TIMEOUT_S = 2.0


class Fetcher:
    """One kept connection."""

    def __init__(self, url: str) -> None:
        parts = urlsplit(url)
        self._path = parts.path
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=_TIMEOUT_S)

    def fetch(self) -> bool:
        """Get the page; a failure closes the connection, and the next fetch opens a new one."""
        try:
            self._connection.request("GET", self._path)
            reply = self._connection.getresponse()
            reply.read()
        except (OSError, http.client.HTTPException):
            self._connection.close()
            return False
        return reply.status == http.client.OK


class SampleFile:
    """A file of samples; without a path it keeps nothing."""

    def __init__(self, name: str = "", path: str = "") -> None:
        self._name = name
        self._file = Path(path).open("w", buffering=1, encoding="utf-8") if path else None  # noqa: SIM115 - for life

    def add(self, sent_at_s: float, late_ms: float, rtt_ms: float | None) -> None:
        """Write one sample."""
        if self._file:
            sample = {"path": self._name, "sent_at_s": sent_at_s, "rtt_ms": rtt_ms, "late_ms": late_ms, "usable": True}
            self._file.write(f"{json.dumps(sample)}\n")


def run(url: str, period_s: float, samples: SampleFile) -> None:
    """Fetch for ever, every ``period_s`` seconds."""
    fetcher = Fetcher(url)
    due_s = time.monotonic()
    while True:
        time.sleep(max(0.0, due_s - time.monotonic()))
        sent_at_s = time.monotonic()
        came = fetcher.fetch()
        samples.add(sent_at_s, (sent_at_s - due_s) * 1e3, (time.monotonic() - sent_at_s) * 1e3 if came else None)
        due_s = max(due_s + period_s, time.monotonic())


def main(url: str, rate_hz: str, connections: str, *file: str) -> None:
    """Start the connections."""
    samples, count = SampleFile(*file), int(connections)
    period_s = count / float(rate_hz)
    for number in range(count):
        threading.Timer(number * period_s / count, run, (url, period_s, samples)).start()


if __name__ == "__main__":
    main(*sys.argv[1:])

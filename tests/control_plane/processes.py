"""Server programs that cannot outlive the test run."""

from __future__ import annotations

import socket
import subprocess
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

STOP_TIMEOUT_S = 5.0
START_TIMEOUT_S = 180.0


class StartError(Exception):
    """A program ended, or stayed unready, while it was started; the message has the end of its log."""


# The kernel sends the death signal when the *thread* that started the program ends (prctl(2), PR_SET_PDEATHSIG), so
# all programs are started from this one, which lives as long as the interpreter.
_starter = ThreadPoolExecutor(1, "control-plane-starter")


class Process:
    """One program with its log in ``folder``, killed by the kernel if we die first."""

    def __init__(self, program: Path, arguments: Sequence[str], folder: Path) -> None:
        self.name = program.name
        self._command = ["setpriv", "--pdeathsig", "KILL", str(program), *arguments]
        self._log = folder / f"{self.name}.log"
        self._running: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id, or None while it is stopped."""
        return self._running.pid if self._running else None

    def start(self, ready: Callable[[], bool]) -> None:
        """Start the program and return when ``ready`` holds.

        Raises:
            StartError: it ended, or was not ready within ``START_TIMEOUT_S``.
        """
        self._running = _starter.submit(self._spawn).result()
        deadline_s = time.monotonic() + START_TIMEOUT_S
        while not ready():
            if self._running.poll() is not None or time.monotonic() > deadline_s:
                self.stop()
                tail = self._log.read_text(errors="replace")[-2000:]
                raise StartError(f"{self.name} did not become ready; {self._log} ends with:\n{tail}")
            time.sleep(0.02)

    def stop(self) -> None:
        """Ask the program to end, and make it end after ``STOP_TIMEOUT_S``."""
        if self._running is None:
            return
        self._running.terminate()
        try:
            self._running.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self.kill()
        self._running = None

    def kill(self) -> None:
        """End the program at once, as a crash would."""
        if self._running is None:
            return
        self._running.kill()
        self._running.wait()
        self._running = None

    def _spawn(self) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            return subprocess.Popen(self._command, stdin=subprocess.DEVNULL, stdout=log, stderr=log)


def free_port() -> int:
    """A loopback TCP port that nobody listens on right now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Whether somebody accepts connections on the loopback port."""
    with socket.socket() as probe:
        probe.settimeout(1.0)
        return probe.connect_ex(("127.0.0.1", port)) == 0

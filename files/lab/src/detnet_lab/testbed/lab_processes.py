"""The programs of a run: started in their namespace, watched, stopped. The first that ends unasked ends the run."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from detnet.model.errors import UserError
from detnet_lab.testbed import lab_topology as at

DETNET = (sys.executable, "-c", "from detnet.cli import main; main()")
"""This very package's command line, also where no ``detnet`` is on PATH."""

_PATIENCE_S = 2.0


def require(programs: Mapping[str, str]) -> None:
    """Check that each program is on PATH; the values name the Debian packages.

    Raises:
        UserError: one line names all that are missing.
    """
    missing = sorted({package for program, package in programs.items() if shutil.which(program) is None})
    if missing:
        raise UserError(f"the lab needs programs that are missing: apt-get install {' '.join(missing)}")


def realtime_allowed() -> bool:
    """Tell whether a process of ours may become SCHED_FIFO."""
    before = os.sched_getscheduler(0)
    try:
        os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1))
    except PermissionError:
        return False
    os.sched_setscheduler(0, before, os.sched_param(0))
    return True


class Processes:
    """All programs of a run by name; their output goes to ``folder``/NAME.log."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def start(self, name: str, node: str, argv: Sequence[str]) -> None:
        """Start a program in the namespace of a node or pod."""
        enter = () if node == at.CONTROL else ("nsenter", f"--net=/run/netns/{node}")
        with self._log(name).open("ab") as log:
            self._running[name] = subprocess.Popen(
                [*enter, *argv], stdin=subprocess.DEVNULL, stdout=log, stderr=subprocess.STDOUT
            )

    def send(self, name: str, number: signal.Signals) -> None:
        """Send a signal to a program that keeps running, stopped or not."""
        self._running[name].send_signal(number)

    def stop(self, name: str, number: signal.Signals = signal.SIGTERM) -> None:
        """End a program; one that does not listen is killed."""
        process = self._running.pop(name)
        process.send_signal(number)
        try:
            process.wait(_PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()

    def running(self, names: Iterable[str]) -> list[str]:
        """Return those of ``names`` that were started and not stopped."""
        return [name for name in names if name in self._running]

    def check(self) -> None:
        """Look whether all are alive.

        Raises:
            UserError: one has ended by itself; its last words are passed on.
        """
        for name, process in self._running.items():
            if process.poll() is not None:
                raise UserError(f"{name} ended during the run with code {process.returncode}: {self.last_line(name)}")

    def last_line(self, name: str) -> str:
        """Return the last line that a program wrote."""
        lines = self._log(name).read_text(errors="replace").split("\n")
        return next((line.strip() for line in reversed(lines) if line.strip()), "it wrote nothing")

    def _log(self, name: str) -> Path:
        return self._folder / f"{name}.log"

"""The steps of a walk over one machine: a line for each with its time, and a table of all of them."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

from fresh_machines.machine import Machine

_TAIL_LINES = 25


class StepFailedError(Exception):
    """A step did not end as expected; the rest of its walk makes no sense."""


@dataclass(frozen=True, slots=True)
class Done:
    """One step that was made."""

    machine: str
    what: str
    seconds: float
    well: bool


@dataclass(slots=True)
class Steps:
    """What was done so far, on all machines; each step's output is a file in ``logs``."""

    logs: Path
    done: list[Done] = field(default_factory=list)

    def make(  # noqa: PLR0913 - what a step is
        self,
        machine: Machine,
        script: str,
        *,
        user: str = "root",
        folder: str = "",
        says: str = "",
        refused: bool = False,
    ) -> None:
        """Run a step and print how long it took.

        ``says`` must be in its output, whose line breaks do not matter; ``refused`` steps must fail.

        Raises:
            StepFailedError: it ended otherwise; its last lines were printed.
        """
        who = machine.host.name if user == "root" else f"{machine.host.name} ({user})"
        log = self.logs / f"{len(self.done):02d}-{machine.host.name}.log"
        log.write_text(f"{user}@{machine.host.name}:{folder}# {script}\n")
        print(f"{who}: {script} ...", end=" ", flush=True)
        started_s = time.monotonic()
        code = machine.run(script, log, user=user, folder=folder)
        seconds = time.monotonic() - started_s
        told = log.read_text(errors="replace").partition("\n")[2]
        well = (code != 0) == refused and says in " ".join(told.split())
        self.record(who, f"{script} (refused)" if refused else script, seconds, well=well)
        if not well:
            lines = told.splitlines()[-_TAIL_LINES:]
            print(f"  it ended with code {code}, and {says!r} should be in its output; the end of {log}:", flush=True)
            print("\n".join(lines), flush=True)
            raise StepFailedError

    def record(self, machine: str, what: str, seconds: float, *, well: bool) -> None:
        """Keep a step and end its line."""
        self.done.append(Done(machine, what, seconds, well))
        print(f"{'ok' if well else 'FAILED'} ({seconds:.0f} s)", flush=True)

    def table(self) -> str:
        """All steps, one a line."""
        rows = (("ok" if one.well else "FAILED", one) for one in self.done)
        return "\n".join(f"{verdict:7}{one.seconds:6.0f} s  {one.machine}: {one.what}" for verdict, one in rows)

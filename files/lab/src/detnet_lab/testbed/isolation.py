"""Runs a lab in namespaces that end with their first process, so that nothing can be left behind.

The outer process starts the inner one (``python -m detnet_lab.testbed``) as the first process of a new PID namespace,
with mount and network namespaces of its own. When that process ends, for whatever reason, the kernel kills every other
process in there and takes namespaces, interfaces and mounts away (pid_namespaces(7)). It ends when the outer one does,
at the latest: PR_SET_PDEATHSIG on unshare, and unshare's --kill-child behind it.

The two speak through three pipes: the specification goes in on stdin, whose end asks the run to stop; lines for people
come out on stdout; the record comes out on a descriptor of its own.
"""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import IO

from detnet.model.errors import UserError
from detnet_lab.testbed.testbed_scenario import RunSpec

_ENTER = ("unshare", "--mount", "--pid", "--net", "--fork", "--kill-child", "--mount-proc")
ENTERED = "entered"
"""The inner process's first line: what comes after it is for people, and any failure is explained by itself."""

_STOPPING = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


def run(spec: RunSpec, record: IO[bytes], show: Callable[[str], None], *, die_with_parent: bool = False) -> int:
    """Make the run in namespaces of its own and return its exit code, 128 + the signal's number after a signal.

    Args:
        spec: what to run.
        record: where the run's JSON is written.
        show: takes each line for people as it comes.
        die_with_parent: also stop when any process above this one ends.

    Raises:
        UserError: the kernel or the container refuses the namespaces.
    """
    try:
        above = list(_ancestors()) if die_with_parent else []
    except (ProcessLookupError, FileNotFoundError) as error:
        raise UserError("the program that started this run has ended already") from error
    listen, ask = os.pipe()
    os.write(ask, f"{spec.to_json()}\n".encode())
    inner = [sys.executable, "-m", "detnet_lab.testbed", str(record.fileno())]
    with subprocess.Popen(
        ["setpriv", "--pdeathsig", "KILL", *_ENTER, *inner],
        stdin=listen,
        stdout=subprocess.PIPE,
        pass_fds=[record.fileno()],
        start_new_session=True,  # the terminal's Ctrl-C is ours to pass on, as a request
        text=True,
    ) as process:
        os.close(listen)
        with _passing_on(process, ask) as received:
            if above:
                threading.Thread(target=_stop_with, args=[above], daemon=True).start()
            lines = process.stdout or iter(())
            entered = next(lines, None) == f"{ENTERED}\n"
            for line in lines:
                show(line.rstrip("\n"))
            code = process.wait()
    if received:
        return 128 + received[0]
    if not entered:
        raise UserError(
            "the lab's own namespaces could not be made: unshare was refused (in a container it needs CAP_SYS_ADMIN)"
        )
    return code


@contextmanager
def _passing_on(process: subprocess.Popen[str], ask: int) -> Iterator[list[int]]:
    """Turn the first signal into a request to stop and the next one into the end of everything inside."""
    received: list[int] = []

    def handle(number: int, _frame: FrameType | None) -> None:
        received.append(number)
        if len(received) == 1:
            os.close(ask)
        else:
            process.kill()

    before = {number: signal.signal(number, handle) for number in _STOPPING}
    try:
        yield received
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if not received:
            os.close(ask)


def _ancestors() -> Iterator[int]:
    """Yield a pidfd of each process above this one, the first process of the machine left out."""
    pid = os.getppid()
    while pid > 1:
        yield os.pidfd_open(pid)
        # Field 4 of /proc/PID/stat (proc(5)); the name before it is in parentheses and may hold anything.
        pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def _stop_with(pidfds: Sequence[int]) -> None:
    """Send this process SIGTERM as soon as one of those ends."""
    watch = select.poll()
    for pidfd in pidfds:
        watch.register(pidfd, select.POLLIN)
    watch.poll()
    # To the main thread: it waits in read(2), which only a signal of its own interrupts.
    signal.pthread_kill(threading.main_thread().ident or 0, signal.SIGTERM)

"""The measuring process: a loop that does nothing but send and receive, and the parent's hold on it.

It is a process of its own because a thread shares Python's interpreter lock: beside a busy thread, the p95 of round
trips was measured to read 10 ms where 0.1 ms was true. Outcomes leave through a pipe that never blocks, counters
through shared memory; a second pipe, the lifeline, ends the loop when the parent closes it or dies.
"""

from __future__ import annotations

import contextlib
import fcntl
import multiprocessing
import os
import random
import selectors
import signal
import struct
import time
from collections.abc import Callable, Iterator, Sequence

from detnet.probe.links import LINKS, Link
from detnet.probe.pacing import Schedule, become_punctual, starts_ns
from detnet.probe.paths import Options, Path
from detnet.probe.session import Outcome, Session
from detnet.probe.tally import Counter, SharedCounters

_RECORD = struct.Struct("@qqqII")  # sent, round trip (-1: lost), lateness, path, usable
_LOST = -1
_PIPE_SIZE = 2**20  # half a minute of 1000 probes a second, should the parent be held up; fcntl(2), F_SETPIPE_SZ
_OPENING_NS = 2 * 10**8  # for links to open before the first probe
_LONGEST_WAIT_NS = 10**8  # between two attempts on links that are down


class Worker:
    """The parent's end of a running measuring process; make it before any thread, since it forks."""

    def __init__(self, paths: Sequence[Path], options: Options) -> None:
        self.tallies = SharedCounters.shared(len(paths))
        self._outcomes, their_outcomes = os.pipe()
        their_lifeline, self._lifeline = os.pipe()
        _enlarge(their_outcomes)

        def run() -> None:
            os.close(self._outcomes)
            os.close(self._lifeline)
            _measure(paths, options, self.tallies, their_outcomes, their_lifeline)

        self._process = multiprocessing.get_context("fork").Process(target=run, name="detnet-probe", daemon=True)
        self._process.start()
        os.close(their_outcomes)
        os.close(their_lifeline)
        self._rest = b""

    @property
    def pid(self) -> int | None:
        """The measuring process's id."""
        return self._process.pid

    def fileno(self) -> int:
        """Let a selector wait for outcomes."""
        return self._outcomes

    def read(self) -> list[tuple[int, Outcome]] | None:
        """Return what has come since, with the index of its path; None when the process has ended.

        Blocks until there is something, unless a selector has said that there is.
        """
        octets = os.read(self._outcomes, 65536)
        if not octets:
            return None
        octets = self._rest + octets
        whole = len(octets) - len(octets) % _RECORD.size
        self._rest = octets[whole:]
        return list(_unpack(octets[:whole]))

    def stop(self) -> None:
        """Ask the loop to end; safe to call from a signal handler and more than once."""
        if self._lifeline >= 0:
            lifeline, self._lifeline = self._lifeline, -1
            os.close(lifeline)

    def close(self) -> int | None:
        """End the process if it has not, free what is held, and return its exit code (negative: the signal)."""
        self.stop()
        self._process.join(timeout=2)
        self._process.kill()
        self._process.join()
        if self._outcomes >= 0:
            os.close(self._outcomes)
            self._outcomes = -1
        return self._process.exitcode


def _measure(
    paths: Sequence[Path], options: Options, tallies: Sequence[SharedCounters], outcomes: int, lifeline: int
) -> None:
    # A terminal or a service manager signals the whole group; the parent decides, and closes the lifeline.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    become_punctual(realtime=options.realtime)
    os.set_blocking(outcomes, False)
    # Not the default epoll: Python rounds its timeout up to whole ms (selectors.EpollSelector), select's to us.
    selector = selectors.SelectSelector()
    selector.register(lifeline, selectors.EVENT_READ)
    sessions: dict[Link, Session] = {}
    opened_ns = time.monotonic_ns() + _OPENING_NS
    starts = starts_ns([path.rate_hz for path in paths], now_ns=opened_ns, share=random.SystemRandom().random())
    for index, (path, tally, start_ns) in enumerate(zip(paths, tallies, starts, strict=True)):
        link = LINKS[path.protocol](path, tally, selector, options)
        schedule = Schedule(start_ns=start_ns, rate_hz=path.rate_hz)
        sessions[link] = Session(link, tally, _deliverer(outcomes, index, tally), schedule, options)
    end_ns = None if options.duration_s is None else time.monotonic_ns() + round(options.duration_s * 1e9)
    _loop(sessions, selector, end_ns)


def _loop(sessions: dict[Link, Session], selector: selectors.BaseSelector, end_ns: int | None) -> None:
    while True:
        now_ns = time.monotonic_ns()
        sending = end_ns is None or now_ns < end_ns
        for session in sessions.values():
            session.step(now_ns, sending=sending)
        if not sending and all(session.idle for session in sessions.values()):
            return
        wake_ns = min(session.wake_ns() for session in sessions.values())
        wait_ns = min(max(wake_ns - time.monotonic_ns(), 0), _LONGEST_WAIT_NS)
        for key, _ in selector.select(wait_ns / 1e9):
            if key.data is None:
                return
            sessions[key.data].receive(time.monotonic_ns())


def _deliverer(outcomes: int, index: int, tally: SharedCounters) -> Callable[[Outcome], None]:
    def deliver(outcome: Outcome) -> None:
        rtt_ns = _LOST if outcome.rtt_ns is None else outcome.rtt_ns
        try:
            os.write(outcomes, _RECORD.pack(outcome.sent_ns, rtt_ns, outcome.late_ns, index, outcome.usable))
        except BlockingIOError:
            tally.count(Counter.DROPPED)

    return deliver


def _unpack(octets: bytes) -> Iterator[tuple[int, Outcome]]:
    for sent_ns, rtt_ns, late_ns, index, usable in _RECORD.iter_unpack(octets):
        yield index, Outcome(sent_ns, None if rtt_ns == _LOST else rtt_ns, late_ns, bool(usable))


def _enlarge(pipe: int) -> None:
    with contextlib.suppress(PermissionError):  # beyond /proc/sys/fs/pipe-user-pages-soft the pipe stays as it is
        fcntl.fcntl(pipe, fcntl.F_SETPIPE_SZ, _PIPE_SIZE)

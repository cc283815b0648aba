"""The slot between a source and the control loop.

A source that hangs must not hang the loop, so each has a thread that does nothing but ``poll_once()`` and wait. What
it read stays in the slot until something newer replaces it: evidence carries the time at which it was measured, and
the reader judges its age.
"""

from __future__ import annotations

import abc
import logging
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol, Union

from ..control import decision
from ..control.one_shot import has_window
from ..model.errors import UserError
from ..model.samples import Sample
from ..model.signals import Signal
from .errors import ErrorKind, SourceError

_log = logging.getLogger(__name__)

# A poll is bounded by its own deadline; only a name lookup can outlast it (resolv.conf(5): 5 s a try).
_JOIN_S = 2.0
_POLL_S = 0.05


@dataclass(frozen=True, slots=True)
class SampleWindow:
    """The samples of one path, oldest first.

    ``invalidated`` says that the probe discarded its current window because its own sending was late: the path is being
    probed, but what it shows now is the prober's machine and not the network.
    """

    samples: tuple[Sample, ...]
    invalidated: bool = False


Evidence = Union[SampleWindow, Signal]  # noqa: UP007 - ansible-test's pylint knows no | between classes


@dataclass(frozen=True, slots=True)
class Reading:
    """What a source knows: for each critical workload the newest evidence there ever was, however old.

    ``polled_at_s`` is monotonic time at the end of the last poll, in seconds; ``None`` before the first. ``error``
    is one sentence on why that poll brought nothing fresh (for at least one workload), else ``None``. ``counts`` are
    the errors since the start, by kind.
    """

    evidence: Mapping[str, Evidence] = field(default_factory=dict)
    polled_at_s: float | None = None
    error: str | None = None
    counts: Mapping[ErrorKind, int] = field(default_factory=dict)


def evidence_of(reading: Reading) -> Mapping[str, decision.Evidence]:
    """Return a reading as the core wants it."""
    return {name: one.samples if isinstance(one, SampleWindow) else one for name, one in reading.evidence.items()}


class Source(Protocol):
    """What the daemon reads."""

    @property
    def name(self) -> str:
        """The source's name in logs and metrics."""

    def start(self) -> None:
        """Begin to poll, in a thread of its own."""

    def stop(self) -> None:
        """End polling; returns within two seconds whatever the network does."""

    def latest(self) -> Reading:
        """Return what is known now; never blocks."""


class PolledSource(abc.ABC):
    """A ``Source`` that asks every ``period_s`` seconds. ``clock`` is monotonic time in seconds."""

    def __init__(self, name: str, period_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self.name = name
        self._period_s = period_s
        self._clock = clock
        self._reading = Reading()
        self._counts: Counter[ErrorKind] = Counter()
        self._reported: tuple[tuple[ErrorKind, str | None], ...] = ()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name=f"source-{name}", daemon=True)

    @abc.abstractmethod
    def _ask(self) -> Sequence[SourceError]:
        """Ask once, keep what came and return what went wrong for single workloads.

        Raises:
            SourceError: it went wrong for all of them.
        """

    @abc.abstractmethod
    def _evidence(self) -> Mapping[str, Evidence]:
        """Return the newest evidence for each workload that has any."""

    @abc.abstractmethod
    def close(self) -> None:
        """Close the connection."""

    def start(self) -> None:
        """Begin to poll, in a thread of its own; a source can be started once."""
        self._thread.start()

    def stop(self) -> None:
        """End polling; a thread that still waits for a name server is left to die with the process."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(_JOIN_S)
        else:
            self.close()

    def latest(self) -> Reading:
        """Return what is known now; never blocks."""
        return self._reading

    def poll_once(self) -> Reading:
        """Ask once, leave the result in the slot and return it."""
        try:
            errors = tuple(self._ask())
        except SourceError as error:
            errors = (error,)
        self._publish(errors)
        return self._reading

    def _publish(self, errors: tuple[SourceError, ...]) -> None:
        self._counts.update(error.kind for error in errors)
        kinds = tuple((error.kind, error.workload) for error in errors)
        sentence = "; ".join(str(error) for error in errors) or None
        if kinds != self._reported:  # once per change, not once per poll
            if sentence:
                _log.warning("source %s: %s", self.name, sentence)
            else:
                _log.info("source %s: fresh again", self.name)
        self._reported = kinds
        self._reading = Reading(self._evidence(), self._clock(), sentence, dict(self._counts))

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.poll_once()
            except Exception:  # noqa: BLE001 - a thread's top: a bug must be seen and counted, not end the polling unseen
                _log.exception("source %s: a poll failed", self.name)
                self._publish((SourceError(ErrorKind.INTERNAL, "the source failed on a bug of ours, see the log"),))
            self._stopping.wait(self._period_s)
        self.close()


def measure(source: Source, rules: decision.Rules, *, patience_s: float) -> Mapping[str, decision.Evidence]:
    """Return evidence of every objective for one decision, at once when the source remembers a whole window.

    Raises:
        UserError: there is none of some objective within ``patience_s`` seconds.
    """
    deadline_s = time.monotonic() + patience_s
    source.start()
    try:
        while True:
            reading = source.latest()
            evidence, now_s = evidence_of(reading), time.monotonic()
            if all(has_window(evidence.get(objective.workload), rules, now_s=now_s) for objective in rules.objectives):
                return evidence
            if now_s + _POLL_S > deadline_s:
                raise UserError(f"no complete window within {patience_s:g} s: {reading.error or 'too few samples'}")
            time.sleep(_POLL_S)
    finally:
        source.stop()

"""Which answer belongs to which probe: the table of packets in flight.

Pure: time is an argument. Every answer has exactly one fate, and every probe is in the end received or lost, whatever
else arrives.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum, auto

from detnet.probe.clock import Reading
from detnet.probe.packet import ReflectorPacket

_MEMORY_NS = 10 * 10**9  # how long an answer is still told from a forgery after its probe's end


class MatchResult(Enum):
    """What an arriving answer is."""

    RECEIVED = auto()
    LATE = auto()  # its probe has been counted as lost
    DUPLICATE = auto()  # its probe has been answered: the network's copy, or a replay
    UNSOLICITED = auto()  # no probe of ours in memory has this sequence number, time stamp and session


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe: when it was sent, its stamp on the wire, how late it was (ns), and whether it may be used."""

    sent: Reading
    timestamp: int
    late_ns: int
    usable: bool


class InFlight:
    """The probes of one session."""

    def __init__(self, ssid: int, timeout_ns: int) -> None:
        self._ssid = ssid
        self._timeout_ns = timeout_ns
        self._waiting: dict[int, Probe] = {}
        self._ended: dict[int, tuple[Probe, bool]] = {}  # with: was it answered
        self._endings: deque[tuple[int, int]] = deque()

    def launch(self, sequence: int, probe: Probe) -> None:
        """Remember a probe that was sent; sequence numbers must not repeat within the memory."""
        self._waiting[sequence] = probe

    def land(self, reply: ReflectorPacket, now_ns: int) -> tuple[MatchResult, Probe | None]:
        """Return the fate of an answer, and the probe when it is ``RECEIVED``."""
        sequence = reply.sender_sequence
        probe = self._waiting.get(sequence)
        if probe is not None and self._echoes(reply, probe):
            self._end(sequence, answered=True, now_ns=now_ns)
            return MatchResult.RECEIVED, probe
        past, answered = self._ended.get(sequence, (None, False))
        if past is None or not self._echoes(reply, past):
            return MatchResult.UNSOLICITED, None
        self._ended[sequence] = past, True
        return (MatchResult.DUPLICATE if answered else MatchResult.LATE), None

    def expire(self, now_ns: int) -> Iterator[Probe]:
        """Yield the probes whose time is up and forget those that ended long ago."""
        while self._waiting:
            sequence, probe = next(iter(self._waiting.items()))
            if probe.sent.before_ns + self._timeout_ns > now_ns:
                break
            self._end(sequence, answered=False, now_ns=now_ns)
            yield probe
        while self._endings and self._endings[0][0] + _MEMORY_NS < now_ns:
            self._ended.pop(self._endings.popleft()[1], None)

    def next_expiry_ns(self) -> int | None:
        """Return when the oldest waiting probe's time is up (monotonic), if one waits."""
        if not self._waiting:
            return None
        return next(iter(self._waiting.values())).sent.before_ns + self._timeout_ns

    def _echoes(self, reply: ReflectorPacket, probe: Probe) -> bool:
        return reply.ssid == self._ssid and reply.sender_timestamp == probe.timestamp

    def _end(self, sequence: int, *, answered: bool, now_ns: int) -> None:
        self._ended[sequence] = self._waiting.pop(sequence), answered
        self._endings.append((now_ns, sequence))

"""One path's probes: sent on schedule, matched with their answers, each ending as one sample or one count."""

from __future__ import annotations

import secrets
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from detnet.probe.links import Link
from detnet.probe.pacing import Lateness, Schedule
from detnet.probe.packet import ERROR_UNKNOWN, MAX_SEQUENCE, PacketError, ReflectorPacket, SenderPacket, from_ns
from detnet.probe.paths import Options
from detnet.probe.sockets import Reading, Received, network_stack, stepped
from detnet.probe.tally import Counter, SharedCounters

_MEMORY_NS = 10 * 10**9  # how long after its end an answer to a probe is still known from a forgery


@dataclass(frozen=True, slots=True)
class Probe:
    """One probe: when it was sent, its stamp on the wire, how late it was (ns), and whether it may be used."""

    sent: Reading
    timestamp: int
    late_ns: int
    usable: bool


class InFlight:
    """The probes of one session and the answers that belong to them.

    Pure: time is an argument. Every probe is in the end received or lost, whatever else arrives.
    """

    def __init__(self, ssid: int, timeout_ns: int) -> None:
        self._ssid = ssid
        self._timeout_ns = timeout_ns
        self._waiting: dict[int, Probe] = {}
        self._ended: dict[int, tuple[Probe, bool]] = {}  # with: was it answered
        self._endings: deque[tuple[int, int]] = deque()

    def add(self, sequence: int, probe: Probe) -> None:
        """Remember a probe that was sent; sequence numbers must not repeat within the memory."""
        self._waiting[sequence] = probe

    def match(self, reply: ReflectorPacket, now_ns: int) -> tuple[Counter, Probe | None]:
        """Return what an answer counts as, and its probe when that is ``RECEIVED``.

        ``LATE``: its probe has been counted as lost. ``DUPLICATE``: its probe has been answered. ``UNSOLICITED``: no
        probe in memory has this sequence number, time stamp and session.
        """
        sequence = reply.sender_sequence
        probe = self._waiting.get(sequence)
        if probe is not None and self._echoes(reply, probe):
            self._end(sequence, answered=True, now_ns=now_ns)
            return Counter.RECEIVED, probe
        past, answered = self._ended.get(sequence, (None, False))
        if past is None or not self._echoes(reply, past):
            return Counter.UNSOLICITED, None
        self._ended[sequence] = past, True
        return (Counter.DUPLICATE if answered else Counter.LATE), None

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


@dataclass(frozen=True, slots=True)
class Outcome:
    """How one probe ended; times in ns, ``sent_ns`` monotonic, ``rtt_ns`` None when it was lost.

    ``usable`` is False when our own lateness may have made the figure.
    """

    sent_ns: int
    rtt_ns: int | None
    late_ns: int
    usable: bool


class Session:
    """A STAMP session sender (RFC 8762 section 4.2) with its own schedule."""

    def __init__(
        self,
        link: Link,
        tally: SharedCounters,
        deliver: Callable[[Outcome], None],
        schedule: Schedule,
        options: Options,
    ) -> None:
        self.link = link
        self._tally, self._deliver, self._schedule = tally, deliver, schedule
        # Unpredictable, because it guards against forgeries; RFC 8972 section 3: zero is no identifier.
        self._ssid = secrets.randbelow(2**16 - 1) + 1
        self._in_flight = InFlight(self._ssid, round(options.timeout_ms * 1e6))
        self._lateness = Lateness(options.late_limit_ms)
        self._sequence = 0
        self._refuses_own_stack = not options.same_host and network_stack() != 0

    @property
    def idle(self) -> bool:
        """Whether no probe waits for its answer."""
        return self._in_flight.next_expiry_ns() is None

    def wake_ns(self) -> int:
        """Return when ``step`` has something to do again, monotonic."""
        expiry_ns = self._in_flight.next_expiry_ns()
        due_ns = self._schedule.due_ns
        return due_ns if expiry_ns is None else min(due_ns, expiry_ns)

    def step(self, now_ns: int, *, sending: bool = True) -> None:
        """Do what is due: keep the link, end the probes whose time is up, send the next."""
        self.link.maintain(now_ns)
        for probe in self._in_flight.expire(now_ns):
            self._lose(probe)
        if sending and now_ns >= self._schedule.due_ns:
            self._send(*self._schedule.take(now_ns))

    def receive(self, now_ns: int) -> None:
        """Process every answer that has arrived."""
        for received in self.link.packets(now_ns):
            self._process(received, Reading.now())

    def _send(self, due_ns: int, missed: int) -> None:
        self._tally.count(Counter.INVALIDATED, missed)
        sequence, self._sequence = self._sequence, (self._sequence + 1) & MAX_SEQUENCE
        sent = Reading.now()
        timestamp = from_ns(sent.real_ns)
        request = SenderPacket(sequence, timestamp, ERROR_UNKNOWN, self._ssid).encode() + self.link.tail
        left = self.link.send(request, sent.before_ns)
        # Judged by the time stamp and not by the return of send: inside it the kernel may work on the path's own
        # congestion, and dropping the samples that it made slow would hide just what we look for.
        late_ns = sent.before_ns - due_ns
        usable = self._lateness.judge(due_ns, sent.before_ns)
        self._tally.count(Counter.SENT)
        self._tally.put(Counter.LAST_ATTEMPT_NS, sent.before_ns)
        self._tally.put(Counter.INVALIDATED_NOW, self._lateness.invalidated)
        self._tally.put(Counter.INVALIDATED_WINDOWS, self._lateness.windows)
        probe = Probe(sent, timestamp, late_ns, usable)
        if left:
            self._in_flight.add(sequence, probe)
        else:
            self._lose(probe)

    def _process(self, received: Received, reading: Reading) -> None:
        try:
            reply = ReflectorPacket.decode(received.octets)
        except PacketError:
            self._tally.count(Counter.MALFORMED)
            self.link.reject(reading.before_ns)
            return
        if not self.link.is_peer(received):
            self._tally.count(Counter.UNSOLICITED)
            return
        counter, probe = self._in_flight.match(reply, reading.before_ns)
        self._tally.count(counter)
        if probe is None:
            return
        self.link.confirm(reading.before_ns)
        same_host = self._refuses_own_stack and self.link.stack(received.octets, reply) == network_stack()
        self._tally.put(Counter.SAME_HOST_NOW, same_host)
        if same_host:  # our own kernel is no path: it would look like a perfect network
            self._tally.count(Counter.SAME_HOST)
            return
        arrived_ns = reading.real_ns if received.arrived_ns is None else received.arrived_ns
        residence_ns = reply.residence_ns()
        rtt_ns = arrived_ns - probe.sent.real_ns - residence_ns
        if stepped(probe.sent, arrived_ns, reading) or residence_ns < 0 or rtt_ns < 0:
            self._tally.count(Counter.CLOCK_STEP)
            return
        self._end(probe, rtt_ns)

    def _lose(self, probe: Probe) -> None:
        self._tally.count(Counter.LOST)
        self._end(probe, None)

    def _end(self, probe: Probe, rtt_ns: int | None) -> None:
        if not probe.usable:
            self._tally.count(Counter.INVALIDATED)
        self._deliver(Outcome(probe.sent.before_ns, rtt_ns, probe.late_ns, probe.usable))

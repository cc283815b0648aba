"""The near end of a path: a socket that is kept, lost and found again, without ever blocking the measuring loop.

A link that stays silent is looked up and opened anew: the reflector may have moved to another address, a NAT may have
forgotten us, or a TCP connection may hang in retransmissions.
"""

from __future__ import annotations

import errno
import selectors
import socket
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator

from detnet.probe.packet import ASK_FOR_STACK, SIZE, ReflectorPacket, named_stack
from detnet.probe.paths import Options, Path
from detnet.probe.sockets import (
    BATCH,
    MAX_DATAGRAM,
    Address,
    Received,
    drain_errors,
    open_socket,
    receive,
    report_errors,
)
from detnet.probe.tally import Counter, SharedCounters


class Lookup:
    """One name resolution; a name that is no address is resolved in a thread, because getaddrinfo(3) may take long."""

    def __init__(self, host: str, port: int, kind: int) -> None:
        self.addresses: list[tuple[int, Address]] = []
        self.failure = 0
        self.done = False
        try:
            self._resolve(host, port, kind, socket.AI_NUMERICHOST)
        except socket.gaierror:
            threading.Thread(target=self._work, args=(host, port, kind), daemon=True).start()

    def _work(self, host: str, port: int, kind: int) -> None:
        try:
            self._resolve(host, port, kind, 0)
        except (OSError, UnicodeError) as error:  # gaierror is an OSError; UnicodeError: no valid host name
            self.failure = getattr(error, "errno", None) or socket.EAI_NONAME
            self.done = True

    def _resolve(self, host: str, port: int, kind: int, flags: int) -> None:
        found = socket.getaddrinfo(host, port, type=kind, flags=flags)
        self.addresses = [(family, address) for family, _, _, _, address in found]
        self.done = True


_SILENCE_NS = 2 * 10**9
_BACKOFF_NS = (10**8, 2 * 10**9)


class Link(ABC):
    """What UDP and TCP have in common: look up, open, notice silence, and start again."""

    kind: socket.SocketKind
    tail = b""
    """What follows every request."""

    def __init__(self, path: Path, tally: SharedCounters, selector: selectors.BaseSelector, options: Options) -> None:
        self._path, self._tally, self._selector, self._options = path, tally, selector, options
        self._silence_ns = max(_SILENCE_NS, round(3e9 / path.rate_hz))
        self._lookup: Lookup | None = None
        self._addresses: list[tuple[int, Address]] = []
        self._attempts = 0
        self._retry_ns = 0
        self._backoff_ns = _BACKOFF_NS[0]
        self._heard_ns = 0
        self._socket: socket.socket | None = None
        self._peer: Address = ()

    def maintain(self, now_ns: int) -> None:
        """Look up, open or reopen the link, whichever is due; ``now_ns`` is monotonic."""
        if self._lookup is not None:
            if self._lookup.done:
                self._open(self._lookup, now_ns)
        elif self._socket is None:
            if now_ns >= self._retry_ns:
                self._look_up()
        elif now_ns - self._heard_ns > self._silence_ns:
            self._count_failure(errno.ETIMEDOUT)
            self._heard_ns = now_ns
            self._look_up()

    def confirm(self, now_ns: int) -> None:
        """Note that the peer has answered."""
        self._heard_ns = now_ns
        self._backoff_ns = _BACKOFF_NS[0]

    def fail(self, code: int, now_ns: int) -> None:
        """Close, and try again after a growing pause of 0.1 to 2 s; ``code`` is an errno."""
        self._count_failure(code)
        self.close()
        self._retry_ns = now_ns + self._backoff_ns
        self._backoff_ns = min(2 * self._backoff_ns, _BACKOFF_NS[1])

    def close(self) -> None:
        """Close the socket, if there is one."""
        if self._socket is not None:
            self._selector.unregister(self._socket)
            self._socket.close()
            self._socket = None

    @abstractmethod
    def send(self, octets: bytes, now_ns: int) -> bool:
        """Return whether the packet left; False while the link is down."""

    @abstractmethod
    def packets(self, now_ns: int) -> Iterator[Received]:
        """Yield what has arrived."""

    @abstractmethod
    def stack(self, octets: bytes, reply: ReflectorPacket) -> int:
        """Return the network stack that an answer names; 0 when it names none."""

    @abstractmethod
    def reject(self, now_ns: int) -> None:
        """React to a packet that is no STAMP answer."""

    def is_peer(self, received: Received) -> bool:
        """Return whether a packet came from where the probes go to."""
        return received.address[:2] == self._peer[:2]

    @abstractmethod
    def _begin(self, opened: socket.socket, peer: Address) -> int:
        """Make a new socket ready and return the selector events to wait for."""

    def _look_up(self) -> None:
        self._lookup = Lookup(self._path.host, self._path.port, self.kind)

    def _count_failure(self, code: int) -> None:
        self._tally.count(Counter.LINK_FAILURES)
        self._tally.put(Counter.LAST_FAILURE, code)

    def _open(self, lookup: Lookup, now_ns: int) -> None:
        self._lookup = None
        self._addresses = lookup.addresses or self._addresses  # without DNS, the last known address is the best guess
        if not self._addresses:
            self.fail(lookup.failure, now_ns)
            return
        if lookup.failure:
            self._count_failure(lookup.failure)
        self.close()
        self._heard_ns = now_ns
        family, self._peer = self._addresses[self._attempts % len(self._addresses)]
        self._attempts += 1
        try:
            self._socket = open_socket(family, self.kind, dscp=self._options.dscp)
            if self._options.source:
                self._socket.bind((self._options.source, 0))
            self._selector.register(self._socket, selectors.EVENT_READ, self)
            self._selector.modify(self._socket, self._begin(self._socket, self._peer), self)
        except OSError as error:
            self.fail(error.errno or errno.EIO, now_ns)


class UdpLink(Link):
    """A socket without a connection: sending goes on while the reflector is dead, so its return is seen at once."""

    kind = socket.SOCK_DGRAM
    tail = ASK_FOR_STACK

    def send(self, octets: bytes, now_ns: int) -> bool:
        """See ``Link``."""
        del now_ns
        if self._socket is None:
            return False
        try:
            self._socket.sendto(octets, self._peer)
        except OSError as error:
            self._count_failure(error.errno or errno.EIO)
            return False
        return True

    def packets(self, now_ns: int) -> Iterator[Received]:
        """See ``Link``."""
        del now_ns
        for _ in range(BATCH):
            if self._socket is None:
                return
            try:
                yield receive(self._socket, MAX_DATAGRAM)
            except BlockingIOError:
                return
            except OSError as error:  # an ICMP error on an earlier probe
                self._count_failure(error.errno or errno.EIO)
                drain_errors(self._socket)

    def stack(self, octets: bytes, reply: ReflectorPacket) -> int:
        """See ``Link``."""
        del reply
        return named_stack(octets[SIZE:])

    def reject(self, now_ns: int) -> None:
        """See ``Link``; datagrams are independent of each other."""

    def _begin(self, opened: socket.socket, peer: Address) -> int:
        del peer
        report_errors(opened)
        return selectors.EVENT_READ


class TcpLink(Link):
    """One kept connection that carries 44-octet frames."""

    kind = socket.SOCK_STREAM

    _connected = False
    _pending = b""

    def send(self, octets: bytes, now_ns: int) -> bool:
        """See ``Link``; a full send buffer means that the peer hangs."""
        if self._socket is None or not self._connected:
            return False
        try:
            whole = self._socket.send(octets) == len(octets)
        except OSError as error:
            self.fail(error.errno or errno.EIO, now_ns)
            return False
        if not whole:
            self.fail(errno.ENOBUFS, now_ns)
        return whole

    def packets(self, now_ns: int) -> Iterator[Received]:
        """See ``Link``; also learns here that the connection was made, refused or closed."""
        for _ in range(BATCH):
            if self._socket is None:
                return
            try:
                self._finish_connecting(self._socket)
                piece = receive(self._socket, SIZE - len(self._pending))
            except BlockingIOError:
                return
            except OSError as error:
                self.fail(error.errno or errno.EIO, now_ns)
                return
            if not piece.octets:
                self.fail(errno.ECONNRESET, now_ns)
                return
            self._pending += piece.octets
            if len(self._pending) == SIZE:
                frame, self._pending = self._pending, b""
                yield Received(frame, self._peer, piece.arrived_ns, piece.ttl)

    def stack(self, octets: bytes, reply: ReflectorPacket) -> int:
        """See ``Link``."""
        del octets
        return reply.stack

    def reject(self, now_ns: int) -> None:
        """See ``Link``; a stream that has lost its frames does not find them again."""
        self.fail(errno.EPROTO, now_ns)

    def _finish_connecting(self, connecting: socket.socket) -> None:
        if self._connected:
            return
        code = connecting.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            raise OSError(code, "connect")
        self._connected = True
        self._selector.modify(connecting, selectors.EVENT_READ, self)

    def _begin(self, opened: socket.socket, peer: Address) -> int:
        self._connected, self._pending = False, b""
        code = opened.connect_ex(peer)
        if code not in (0, errno.EINPROGRESS):
            raise OSError(code, "connect")
        return selectors.EVENT_WRITE


LINKS: dict[str, type[Link]] = {"udp": UdpLink, "tcp": TcpLink}

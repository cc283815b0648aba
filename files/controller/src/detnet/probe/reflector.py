"""The far end of a path: a stateless STAMP reflector (RFC 8762 section 4.3) for UDP, and its frames over TCP.

It answers every request with as many octets as it got, never more, so it amplifies nothing; what is no request is
counted and never answered. It keeps nothing between two packets but the half-read frames of TCP connections.
"""

from __future__ import annotations

import logging
import selectors
import socket
import threading
import time
from collections import Counter, OrderedDict
from collections.abc import Callable, Iterable
from functools import partial

from detnet.model.errors import UserError
from detnet.probe.packet import ERROR_UNKNOWN, SIZE, PacketError, ReflectorPacket, SenderPacket, from_ns, name_stack
from detnet.probe.paths import Protocol, address_and_port
from detnet.probe.sockets import BATCH, MAX_DATAGRAM, Received, network_stack, open_socket, receive
from detnet.telemetry.state_changes import StateChangeLogger

MAX_CONNECTIONS = 512
MAX_CONNECTIONS_PER_SOURCE = 128
"""Of one address. A new one takes the place of the longest idle one of the same address, or of the busiest address: so
a stranger crowds out himself and no living probe."""
_LOOK_S = 0.2  # the longest wait before a signal is noticed
_CONDITIONS = {"malformed": "packets that are no request", "unsent": "answers that cannot be sent"}

_log = logging.getLogger(__name__)

Endpoint = tuple[str, int]


class Reflector:
    """Several UDP and TCP endpoints answered by one thread.

    ``counts`` holds ``(protocol, event)`` with the events received, reflected, malformed and unsent; ``endpoints`` the
    addresses that were bound.
    """

    def __init__(self, udp: Iterable[Endpoint], tcp: Iterable[Endpoint], *, dscp: int = 0) -> None:
        """Bind every endpoint.

        Raises:
            UserError: an address cannot be bound.
        """
        self.counts: Counter[tuple[Protocol, str]] = Counter()
        self.endpoints: dict[Protocol, list[Endpoint]] = {"udp": [], "tcp": []}
        self._dscp = dscp
        self._selector = selectors.DefaultSelector()
        self._connections: OrderedDict[socket.socket, bytes] = OrderedDict()
        self._sources: dict[socket.socket, str] = {}
        for endpoint in udp:
            bound = self._bind("udp", endpoint)
            self._selector.register(bound, selectors.EVENT_READ, partial(self._answer_datagrams, bound))
        for endpoint in tcp:
            bound = self._bind("tcp", endpoint)
            bound.listen()
            self._selector.register(bound, selectors.EVENT_READ, partial(self._accept, bound))

    @property
    def connections(self) -> int:
        """The number of TCP connections kept."""
        return len(self._connections)

    def step(self, timeout_s: float) -> None:
        """Wait for packets, at most ``timeout_s`` seconds, and answer what has come."""
        for key, _ in self._selector.select(timeout_s):
            action: Callable[[], None] = key.data
            action()

    def close(self) -> None:
        """Close every socket."""
        for key in list(self._selector.get_map().values()):
            if isinstance(key.fileobj, socket.socket):
                key.fileobj.close()
        self._selector.close()

    def _bind(self, protocol: Protocol, endpoint: Endpoint) -> socket.socket:
        host, port = endpoint
        kind = socket.SOCK_DGRAM if protocol == "udp" else socket.SOCK_STREAM
        try:
            family, _, _, _, address = socket.getaddrinfo(host, port, type=kind, flags=socket.AI_PASSIVE)[0]
            bound = open_socket(family, kind, dscp=self._dscp)
            if protocol == "tcp":  # an old connection in TIME_WAIT must not keep a restarted reflector out
                bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            bound.bind(address)
        except OSError as error:
            raise UserError(f"cannot reflect {protocol} on {address_and_port(host, port)}: {error.strerror}") from error
        self.endpoints[protocol].append(bound.getsockname()[:2])
        return bound

    def _answer_datagrams(self, bound: socket.socket) -> None:
        for _ in range(BATCH):
            try:
                datagram = receive(bound, MAX_DATAGRAM)
            except BlockingIOError:
                return
            self.counts["udp", "received"] += 1
            try:
                answer = _reply(datagram.octets, datagram) + name_stack(datagram.octets[SIZE:], network_stack())
                bound.sendto(answer, datagram.address)
                self.counts["udp", "reflected"] += 1
            except PacketError:
                self.counts["udp", "malformed"] += 1
            except OSError:  # no route back, a full queue, port 0: the prober counts the loss
                self.counts["udp", "unsent"] += 1

    def _accept(self, listener: socket.socket) -> None:
        try:
            accepted, address = listener.accept()
        except OSError:  # gone again before we came to it
            return
        accepted.setblocking(False)  # noqa: FBT003 - positional only
        accepted.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._make_room(address[0])
        self._sources[accepted] = address[0]
        self._connections[accepted] = b""
        self._selector.register(accepted, selectors.EVENT_READ, partial(self._answer_frame, accepted))

    def _make_room(self, source: str) -> None:
        counts = Counter(self._sources.values())
        if counts[source] >= MAX_CONNECTIONS_PER_SOURCE:
            full = source
        elif len(self._connections) >= MAX_CONNECTIONS:
            full = counts.most_common(1)[0][0]
        else:
            return
        self._drop(next(each for each in self._connections if self._sources[each] == full))

    def _answer_frame(self, connection: socket.socket) -> None:
        pending = self._connections.get(connection)
        if pending is None:  # dropped earlier in this very step
            return
        try:
            piece = receive(connection, SIZE - len(pending))
        except BlockingIOError:
            return
        except OSError:
            self._drop(connection)
            return
        frame = pending + piece.octets
        self._connections[connection] = frame if len(frame) < SIZE else b""
        self._connections.move_to_end(connection)
        if not piece.octets:
            self._drop(connection)
        elif len(frame) == SIZE:
            self._answer_whole_frame(connection, frame, piece)

    def _answer_whole_frame(self, connection: socket.socket, frame: bytes, piece: Received) -> None:
        self.counts["tcp", "received"] += 1
        try:
            sent = connection.send(_reply(frame, piece, stack=network_stack()))
        except PacketError:  # a stream that has lost its frames does not find them again
            self.counts["tcp", "malformed"] += 1
            self._drop(connection)
            return
        except OSError:
            sent = 0
        if sent == SIZE:
            self.counts["tcp", "reflected"] += 1
        else:  # gone, or it does not read its answers
            self.counts["tcp", "unsent"] += 1
            self._drop(connection)

    def _drop(self, connection: socket.socket) -> None:
        del self._connections[connection], self._sources[connection]
        self._selector.unregister(connection)
        connection.close()


def answer_until(reflector: Reflector, stop: threading.Event) -> None:
    """Answer until ``stop`` is set; log when packets cannot be read or answered, and when that ends."""
    state_changes = StateChangeLogger(_log)
    while not stop.is_set():
        reflector.step(_LOOK_S)
        counts = {
            f"{protocol}: {_CONDITIONS[event]}": reflector.counts[protocol, event]
            for protocol in reflector.endpoints
            for event in _CONDITIONS
        }
        state_changes.counted(counts, time.monotonic())


def _reply(octets: bytes, received: Received, *, stack: int = 0) -> bytes:
    request = SenderPacket.decode(octets)
    arrived_ns = received.arrived_ns if received.arrived_ns is not None else time.time_ns()
    return ReflectorPacket(
        sequence=request.sequence,  # RFC 8762 section 4.3.1: a stateless reflector copies it
        timestamp=from_ns(time.time_ns()),
        error_estimate=ERROR_UNKNOWN,
        ssid=request.ssid,
        receive_timestamp=from_ns(arrived_ns),
        sender_sequence=request.sequence,
        sender_timestamp=request.timestamp,
        sender_error_estimate=request.error_estimate,
        sender_ttl=received.ttl,
        stack=stack,
    ).encode()

"""Real loopback servers whose answers, good and bad, the tests decide."""

from __future__ import annotations

import contextlib
import json
import socket
import ssl
import threading
from collections.abc import Callable

Behaviour = Callable[[socket.socket, str], None]  # writes the answer to one request; may close the connection


class FaultyServer:
    """An HTTP server on loopback that does to each request what ``behave`` says; ``requests`` are the heads it got."""

    def __init__(self, context: ssl.SSLContext | None = None) -> None:
        self.behave: Behaviour = answer(b"{}")
        self.requests: list[str] = []
        self.released = threading.Event()
        self._context = context
        self._listener = socket.create_server(("127.0.0.1", 0))
        self._open: list[socket.socket] = []
        self.port: int = self._listener.getsockname()[1]
        self.url = f"{'https' if context else 'http'}://127.0.0.1:{self.port}"
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        """Stop answering; from now on connections are refused."""
        self.released.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._listener.accept()
                self._open.append(connection)
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with contextlib.suppress(OSError):
            if self._context is not None:
                connection = self._context.wrap_socket(connection, server_side=True)
                self._open.append(connection)
            while head := _head(connection):
                self.requests.append(head)
                self.behave(connection, head)


def _head(connection: socket.socket) -> str:
    head = b""
    while not head.endswith(b"\r\n\r\n"):
        received = connection.recv(65536)
        if not received:
            return ""
        head += received
    return head.decode("latin-1")


def answer(body: bytes, *, status: str = "200 OK", headers: str = "", length: int | None = None) -> Behaviour:
    """Answer ``body``; a ``length`` above the truth announces more than is sent, then the connection ends."""

    def behave(connection: socket.socket, head: str) -> None:
        announced = len(body) if length is None else length
        connection.sendall(f"HTTP/1.1 {status}\r\nContent-Length: {announced}\r\n{headers}\r\n".encode() + body)
        if length is not None:
            connection.shutdown(socket.SHUT_RDWR)

    return behave


def answer_json(document: object, *, status: str = "200 OK") -> Behaviour:
    """Answer a JSON document."""
    return answer(json.dumps(document).encode(), status=status)


def hang(server: FaultyServer) -> Behaviour:
    """Accept, read, and say nothing."""

    def behave(connection: socket.socket, head: str) -> None:
        server.released.wait(60)

    return behave


def drip(server: FaultyServer, start: bytes, drop: bytes) -> Behaviour:
    """Send ``start`` and then ``drop`` every 50 ms: each single read succeeds and the answer never ends."""

    def behave(connection: socket.socket, head: str) -> None:
        connection.sendall(start)
        while not server.released.wait(0.05):
            connection.sendall(drop)

    return behave


def raw(data: bytes) -> Behaviour:
    """Send ``data`` as it is and close."""

    def behave(connection: socket.socket, head: str) -> None:
        connection.sendall(data)
        connection.shutdown(socket.SHUT_RDWR)

    return behave

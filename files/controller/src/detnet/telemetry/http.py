"""``/metrics``, health checks and whatever else a program shows, on one port.

``prometheus_client.start_http_server`` answers 200 on every path, so a health check against it could never fail; this
routes, and knows nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import logging
import socket
import socketserver
import sys
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from detnet.model.errors import UserError
from detnet.telemetry.health import Answer

REQUEST_TIMEOUT_S = 5.0
"""Whole request, reading and answering; a socket timeout would bound a single read, and a slow drip hold a thread."""

MOST_CONNECTIONS = 64
MOST_CONNECTIONS_PER_SOURCE = 16
"""At once, of one address; more are closed unanswered. Each holds a thread until ``REQUEST_TIMEOUT_S``: without a bound
one stranger takes the health check's turn, and the kubelet restarts the pod."""

_BIND_ADVICE = {
    errno.EADDRINUSE: "the port is in use; stop the process that holds it or configure another port",
    errno.EADDRNOTAVAIL: "no interface has this address; configure one of this machine's, or 0.0.0.0 for all",
    errno.EACCES: "ports below 1024 need CAP_NET_BIND_SERVICE; configure a higher port",
}


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; ``status`` is the whole status line, such as ``200 OK``."""

    status: str
    content_type: str
    body: bytes


Route = Callable[[Mapping[str, list[str]]], Response]
"""From the fields of a query to the answer."""


def application(registry: CollectorRegistry, routes: Mapping[str, Route]) -> WSGIApplication:
    """Return the WSGI application (PEP 3333) with ``/metrics`` of the registry, and exactly ``routes`` by path."""
    metrics = make_wsgi_app(registry)
    paths = ["/metrics", *routes]
    known = f"{', '.join(paths[:-1])} or {paths[-1]}" if routes else paths[0]

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        path = environ["PATH_INFO"]
        if path == "/metrics":
            return metrics(environ, start_response)  # type: ignore[no-any-return]
        if path not in routes:
            response = text(HTTPStatus.NOT_FOUND, f"try {known}")
        elif environ["REQUEST_METHOD"] != "GET":
            response = text(HTTPStatus.METHOD_NOT_ALLOWED, "only GET is answered here")
        else:
            response = routes[path](parse_qs(environ["QUERY_STRING"]))
        start_response(response.status, [("Content-Type", response.content_type)])
        return [response.body]

    return answer


def text(status: HTTPStatus, sentence: str) -> Response:
    """Return an answer for people, in one line."""
    return Response(f"{status.value} {status.phrase}", "text/plain; charset=utf-8", f"{sentence}\n".encode())


def check_route(check: Callable[[], Answer]) -> Route:
    """Return the route of a health check: 200 or 503, with its sentence."""

    def answer(query: Mapping[str, list[str]]) -> Response:
        del query
        found = check()
        return text(HTTPStatus.OK if found.ok else HTTPStatus.SERVICE_UNAVAILABLE, found.sentence)

    return answer


class Endpoint:
    """Serves a WSGI application until it is closed.

    Args:
        app: what to serve.
        address: an address or name of this machine; ``0.0.0.0`` or ``::`` for all.
        port: 0 lets the kernel choose; see ``port``.

    Raises:
        UserError: the address and port cannot be bound.
    """

    def __init__(self, app: WSGIApplication, *, address: str, port: int) -> None:
        server_class = _Server6 if ":" in address else _Server
        try:
            self._server = make_server(address, port, app, server_class, _Handler)
        except (OSError, OverflowError) as error:  # OverflowError: the port is above 65535
            advice = _BIND_ADVICE.get(getattr(error, "errno", 0), getattr(error, "strerror", None) or str(error))
            raise UserError(f"cannot serve metrics and health on {address} port {port}: {advice}") from error
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.1,), name="http", daemon=True)
        self._thread.start()

    @property
    def port(self) -> int:
        """The port that is bound."""
        return self._server.server_port

    def close(self) -> None:
        """Stop listening; the thread looks every 0.1 s."""
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


class _Server(ThreadingWSGIServer):
    request_queue_size = 128  # the base class's 5 overflow before the accepting thread has its turn

    def __init__(self, *args: Any, **options: Any) -> None:
        self._lock = threading.Lock()
        self._open: Counter[str] = Counter()
        super().__init__(*args, **options)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Answer in a thread of its own, unless its source has too many already."""
        source = client_address[0]
        with self._lock:
            admitted = self._open[source] < MOST_CONNECTIONS_PER_SOURCE and self._open.total() < MOST_CONNECTIONS
            self._open[source] += admitted
        if admitted:
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Answer, and make room for the next."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            with self._lock:
                self._open[client_address[0]] -= 1
                self._open += Counter()  # drops what is zero

    def server_bind(self) -> None:
        """Bind without the look-up of our own name: it blocks where there is no DNS, and nothing here uses it."""
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]
        self.setup_environ()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that hangs up is its own business; anything else is our bug."""
        level = logging.DEBUG if isinstance(sys.exception(), OSError) else logging.ERROR
        logging.getLogger(__name__).log(level, "request from %s failed", client_address, exc_info=True)


class _Server6(_Server):
    address_family = socket.AF_INET6


class _Handler(WSGIRequestHandler):
    def handle(self) -> None:
        """Answer, but hang up when the whole request lasts too long."""
        bell = threading.Timer(REQUEST_TIMEOUT_S, self._hang_up)
        bell.daemon = True
        bell.start()
        try:
            super().handle()
        finally:
            bell.cancel()

    def _hang_up(self) -> None:
        with contextlib.suppress(OSError):  # the client was faster
            self.connection.shutdown(socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log no requests: a scrape every second is not news."""

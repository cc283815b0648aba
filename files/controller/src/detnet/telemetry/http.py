"""``/metrics``, health checks and whatever else a program shows, on one port.

``prometheus_client.start_http_server`` answers 200 on every path, so a health check against it could never fail; this
routes, and knows nothing else.
"""

from __future__ import annotations

import contextlib
import errno
import hmac
import logging
import socket
import socketserver
import ssl
import sys
import threading
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, make_server
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from prometheus_client import CollectorRegistry, make_wsgi_app
from prometheus_client.exposition import ThreadingWSGIServer

from detnet.model.errors import ConfigError, UserError
from detnet.sources.credentials import read_secret
from detnet.telemetry.health import Answer

_log = logging.getLogger(__name__)

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


def protected(app: WSGIApplication, token_file: Path, *, open_paths: Collection[str]) -> WSGIApplication:
    """Return ``app`` for those who show the bearer token in a file (RFC 6750), and ``open_paths`` for everybody.

    The file is read at each request: a rotated token needs no restart, and while there is none nobody is let in.

    Raises:
        ConfigError: there is no usable token to begin with.
    """
    read_secret(token_file)

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        if environ["PATH_INFO"] in open_paths:
            return app(environ, start_response)
        try:
            token = read_secret(token_file)
        except ConfigError as error:
            _log.error("a request was refused: %s", error)
            response = text(HTTPStatus.SERVICE_UNAVAILABLE, "the token cannot be read here: look into the log")
        else:
            scheme, _, shown = environ.get("HTTP_AUTHORIZATION", "").partition(" ")
            # WSGI hands over Latin-1. In constant time: how long a comparison takes would tell how much is right.
            known = hmac.compare_digest(shown.strip().encode("latin-1", "replace"), token.encode())
            if scheme.lower() == "bearer" and known:
                return app(environ, start_response)
            response = text(HTTPStatus.UNAUTHORIZED, "show the bearer token of this server")
        challenge = [("WWW-Authenticate", 'Bearer realm="detnet"')] if response.status.startswith("401") else []
        start_response(response.status, [("Content-Type", response.content_type), *challenge])
        return [response.body]

    return answer


class Certificate:
    """A server's certificate and key, read again when a file has changed: whoever renews them need not tell us.

    Raises:
        UserError: they cannot be used to begin with.
    """

    def __init__(self, cert_file: Path, key_file: Path) -> None:
        self._cert_file, self._key_file = cert_file, key_file
        self._lock = threading.Lock()
        self._told = ""
        try:
            self._stamp = self._stamps()
            self._context = self._read()
        except OSError as error:
            raise UserError(f"cannot serve TLS with {cert_file} and {key_file}: {_reason(error)}") from error

    def context(self) -> ssl.SSLContext:
        """Return what the next connection is served with; a pair that cannot be used leaves the one before in force."""
        with self._lock:
            try:
                stamp = self._stamps()
                if stamp != self._stamp:
                    self._context, self._stamp = self._read(), stamp
                    self._tell(logging.INFO, f"the certificate {self._cert_file} was read again")
                self._told = ""
            except OSError as error:
                # Tried again with every connection: between the writing of the two files they do not fit.
                reason = f"{self._cert_file} with {self._key_file} cannot be used: {_reason(error)}"
                self._tell(logging.WARNING, f"the certificate before stays in use, {reason}")
            return self._context

    def _tell(self, level: int, sentence: str) -> None:
        if sentence != self._told:  # once, not with every connection
            _log.log(level, "%s", sentence)
        self._told = sentence

    def _read(self) -> ssl.SSLContext:
        context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
        # An empty password: without one OpenSSL would ask the terminal for that of an encrypted key.
        context.load_cert_chain(str(self._cert_file), str(self._key_file), password="")
        return context

    def _stamps(self) -> object:
        stats = [path.stat() for path in (self._cert_file, self._key_file)]
        return [(one.st_ino, one.st_mtime_ns, one.st_size) for one in stats]


def _reason(error: OSError) -> str:
    if isinstance(error, ssl.SSLError):
        return "not a certificate and its unencrypted key"
    return error.strerror or str(error)


class Endpoint:
    """Serves a WSGI application until it is closed.

    Args:
        app: what to serve.
        address: an address or name of this machine; ``0.0.0.0`` or ``::`` for all.
        port: 0 lets the kernel choose; see ``port``.
        certificate: serve HTTPS with it, and nothing else.

    Raises:
        UserError: the address and port cannot be bound.
    """

    def __init__(
        self, app: WSGIApplication, *, address: str, port: int, certificate: Certificate | None = None
    ) -> None:
        server_class = _Server6 if ":" in address else _Server
        try:
            self._server = make_server(address, port, app, server_class, _Handler)
        except (OSError, OverflowError) as error:  # OverflowError: the port is above 65535
            advice = _BIND_ADVICE.get(getattr(error, "errno", 0), getattr(error, "strerror", None) or str(error))
            raise UserError(f"cannot serve metrics and health on {address} port {port}: {advice}") from error
        self._server.certificate = certificate
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
    certificate: Certificate | None = None

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

    def finish_request(self, request: Any, client_address: Any) -> None:
        """Shake hands first, here and not in the accepting thread, which one silent client would hold up."""
        if self.certificate is None:
            super().finish_request(request, client_address)
            return
        request.settimeout(REQUEST_TIMEOUT_S)  # of the handshake as a whole
        with self.certificate.context().wrap_socket(request, server_side=True) as secured:
            secured.settimeout(None)
            super().finish_request(secured, client_address)

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
            # Of the socket below TLS: SSLSocket's own would let an answer out in plain text meanwhile.
            socket.socket.shutdown(self.connection, socket.SHUT_RDWR)

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class's name
        """Log no requests: a scrape every second is not news."""

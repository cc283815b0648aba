"""A small HTTP server for figures: an exact path answers, everything else is 404."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from socketserver import TCPServer, ThreadingMixIn
from typing import Any
from urllib.parse import parse_qs
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer

from detnet.errors import UserError


@dataclass(frozen=True, slots=True)
class Response:
    """One answer; ``status`` is the whole status line, such as ``200 OK``."""

    status: str
    content_type: str
    body: bytes


Route = Callable[[Mapping[str, list[str]]], Response]  # from the query's fields


class _Handler(WSGIRequestHandler):
    timeout = 5  # seconds that a client may keep a thread waiting

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the inherited name
        """Say nothing: a scrape every few seconds is no news."""


class _Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True

    def server_bind(self) -> None:
        """Bind without the inherited reverse DNS query, which can hang for seconds where DNS is the trouble."""
        TCPServer.server_bind(self)
        self.server_name, self.server_port = self.socket.getsockname()[:2]
        self.setup_environ()


def serve(host: str, port: int, routes: Mapping[str, Route]) -> WSGIServer:
    """Answer ``routes`` (by path) from a thread of their own; ``shutdown()`` and ``server_close()`` end it.

    Raises:
        UserError: the address cannot be bound.
    """

    def application(environ: Mapping[str, Any], start_response: Callable[..., object]) -> Iterable[bytes]:
        route = routes.get(environ["PATH_INFO"])
        if route is None:
            response = Response("404 Not Found", "text/plain", f"try {', '.join(sorted(routes))}\n".encode())
        else:
            response = route(parse_qs(environ["QUERY_STRING"]))
        start_response(response.status, [("Content-Type", response.content_type)])
        return [response.body]

    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)[0]
        kind = type("_Bound", (_Server,), {"address_family": family})
        server: WSGIServer = kind((address[0], address[1]), _Handler)
    except OSError as error:
        raise UserError(f"cannot serve metrics on {host}:{port}: {error.strerror}") from error
    server.set_app(application)
    threading.Thread(target=server.serve_forever, name="http", daemon=True).start()
    return server

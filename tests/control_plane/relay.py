"""The proxy's connections: one thread each, HTTP/1.1 over TLS on both sides."""

from __future__ import annotations

import http.client
import http.server
import json
import select
import socket
import ssl
import struct
import sys
import threading
import urllib.parse
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from control_plane.client import shut

if TYPE_CHECKING:
    from control_plane.proxy import Answer, FaultProxy

HOP_BY_HOP = {"connection", "content-length", "host", "keep-alive", "transfer-encoding"}
# A reset instead of an orderly end (socket(7), SO_LINGER).
RESET_ON_CLOSE = struct.pack("ii", 1, 0)


class Server(http.server.ThreadingHTTPServer):
    """Listens on a free loopback port and keeps track of its connections."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, proxy: FaultProxy) -> None:
        self.proxy = proxy
        self.relays: set[Relay] = set()
        super().__init__(("127.0.0.1", 0), Relay)

    def verify_request(self, request: Any, client_address: Any) -> bool:
        """Reset the connection while the proxy refuses."""
        if self.proxy.faults.refusing:
            self.proxy.seen("CONNECT", "")
            request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET_ON_CLOSE)
            request.close()
            return False
        return True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about broken connections, which are this proxy's business."""
        if not isinstance(sys.exc_info()[1], OSError | http.client.HTTPException):
            super().handle_error(request, client_address)

    def cut(self, which: Callable[[Relay], bool]) -> None:
        """End the connections that ``which`` chooses."""
        for relay in list(self.relays):
            if which(relay):
                relay.cut()


class Relay(http.server.BaseHTTPRequestHandler):
    """One client's connection and its connection to the API server."""

    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: Server
    connection: ssl.SSLSocket

    def setup(self) -> None:
        """Shake hands in the connection's own thread: a slow client must not stop the others."""
        self.proxy = self.server.proxy
        self.streaming = False
        self.upstream = http.client.HTTPSConnection(*self.proxy.upstream, context=self.proxy.upstream_tls)
        self.request = self.proxy.tls.wrap_socket(self.request, server_side=True)
        super().setup()
        self.server.relays.add(self)

    def finish(self) -> None:
        """Close both sides."""
        self.server.relays.discard(self)
        self.upstream.close()
        super().finish()
        self.connection.close()

    def cut(self) -> None:
        """End both sides, from any thread and without a word."""
        shut(self.connection)
        shut(self.upstream.sock)

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002  # the parent's name
        """Keep standard error for failures."""

    def relay(self) -> None:
        """Forward one request and its answer, as far as the faults allow."""
        seen = self.proxy.seen(self.command, self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        answer = self.proxy.faults.answer
        stopped = self.proxy.stopped.wait(self.proxy.faults.delay_s)
        if stopped or self._wait_while_hanging() or self.proxy.faults.refusing:
            self.close_connection = True
        elif answer is not None and answer.match(self.command, self.path):
            seen.status = answer.status
            self._answer(answer)
        else:
            self.upstream.request(self.command, self.path, body, self._forwarded(self.headers))
            response = self.upstream.getresponse()
            seen.status = response.status
            self._forward(response)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = relay  # noqa: N815  # the parent's convention

    def _forward(self, response: http.client.HTTPResponse) -> None:
        query = urllib.parse.parse_qs(urllib.parse.urlsplit(self.path).query)
        if query.get("watch", ["0"])[0] in ("1", "true") and response.status == http.HTTPStatus.OK:
            self._stream(response)
            return
        body = response.read()
        if self._wait_while_hanging():
            self.close_connection = True
            return
        self._head(response.status, self._forwarded(response.headers) | {"Content-Length": str(len(body))})
        self.wfile.write(body)

    def _stream(self, response: http.client.HTTPResponse) -> None:
        """Pass a watch on piece by piece; its end ends the connection."""
        self.close_connection = True
        self._head(
            response.status,
            self._forwarded(response.headers) | {"Transfer-Encoding": "chunked", "Connection": "close"},
        )
        self.streaming = True
        leaving = threading.Thread(target=self._end_when_client_leaves, daemon=True)
        leaving.start()
        try:
            while piece := response.read1(65536):
                self._wait_while_hanging()
                self.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece))
            self.wfile.write(b"0\r\n\r\n")
        finally:
            shut(self.connection)
            leaving.join()

    def _end_when_client_leaves(self) -> None:
        select.select([self.connection], [], [])
        shut(self.upstream.sock)

    def _wait_while_hanging(self) -> bool:
        with self.proxy.changed:
            hung = self.proxy.faults.hanging
            self.proxy.changed.wait_for(lambda: not self.proxy.faults.hanging)
        return hung

    def _answer(self, answer: Answer) -> None:
        status = {
            "kind": "Status",
            "apiVersion": "v1",
            "status": "Failure",
            "code": answer.status,
            "reason": http.HTTPStatus(answer.status).phrase.replace(" ", ""),
            "message": "injected by the fault proxy",
        }
        body = json.dumps(status).encode()
        headers = {"Content-Type": "application/json", "Content-Length": str(len(body))}
        if answer.retry_after_s is not None:
            headers["Retry-After"] = str(answer.retry_after_s)
        self._head(answer.status, headers)
        self.wfile.write(body)

    def _head(self, status: int, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()

    def _forwarded(self, headers: Any) -> dict[str, str]:
        return {name: value for name, value in headers.items() if name.lower() not in HOP_BY_HOP}

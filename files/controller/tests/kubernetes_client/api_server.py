"""A loopback HTTP server that answers as a test wants, and remembers what it was asked.

It stands for no API server: it is here for answers that a real one cannot be made to give. What the client does with
a real one is in the tests that use ``control_plane``.
"""

from __future__ import annotations

import http.server
import json
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit


@dataclass(frozen=True)
class Asked:
    """A request as it came; ``port`` distinguishes connections."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Any
    port: int


@dataclass(frozen=True)
class Say:
    """An answer; ``lines`` are the events of a watch, after which it ends or, with ``stay``, remains silent."""

    body: object = field(default_factory=dict)
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    lines: tuple[object, ...] | None = None
    stay: bool = False


def always(say: Say) -> Callable[[Asked], Say]:
    """Say the same to everything."""
    return lambda _: say


class ApiServer(http.server.ThreadingHTTPServer):
    """``answer`` decides; ``asked`` is everything so far."""

    daemon_threads = True

    def __init__(self) -> None:
        self.answer: Callable[[Asked], Say] = always(Say())
        self.asked: list[Asked] = []
        self.released = threading.Event()
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay silent about clients that leave in the middle of an answer: here they are meant to."""
        if not isinstance(sys.exc_info()[1], OSError):
            super().handle_error(request, client_address)


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    server: ApiServer

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the parent's name
        """Stay silent."""

    def _serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        asked = Asked(
            self.command,
            parts.path,
            dict(parse_qsl(parts.query)),
            {name.lower(): value for name, value in self.headers.items()},
            json.loads(body) if body else None,
            self.client_address[1],
        )
        self.server.asked.append(asked)
        say = self.server.answer(asked)
        if say.lines is None:
            self._whole(say)
        else:
            self._stream(say.lines, stay=say.stay)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _serve  # noqa: N815 - the parent's names

    def _whole(self, say: Say) -> None:
        content = json.dumps(say.body).encode()
        self.send_response(say.status)
        for name, value in {"Content-Length": str(len(content)), **say.headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(content)

    def _stream(self, lines: tuple[object, ...], *, stay: bool) -> None:
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        for line in lines:
            content = json.dumps(line).encode() + b"\n"
            self.wfile.write(b"%x\r\n%b\r\n" % (len(content), content))
        if stay:
            self.server.released.wait(60)
        self.wfile.write(b"0\r\n\r\n")


@contextmanager
def running() -> Iterator[ApiServer]:
    """Run one; what still waits inside it ends with it."""
    server = ApiServer()
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield server
    finally:
        server.released.set()
        server.shutdown()
        server.server_close()
        thread.join()


def kubeconfig(path: Path, url: str, user: dict[str, Any] | None = None, cluster: dict[str, Any] | None = None) -> Path:
    """Write a kubeconfig with one context into ``path``; JSON is YAML."""
    content = {
        "current-context": "here",
        "contexts": [{"name": "here", "context": {"cluster": "factory", "user": "robot"}}],
        "clusters": [{"name": "factory", "cluster": {"server": url, **(cluster or {})}}],
        "users": [{"name": "robot", "user": user or {}}],
    }
    path.write_text(json.dumps(content))
    return path

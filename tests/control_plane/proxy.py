"""A TLS proxy in front of the real API server that loses, delays and refuses requests when told to."""

from __future__ import annotations

import json
import ssl
import threading
import time
import urllib.parse
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import TracebackType
from typing import Self

from control_plane.relay import Server

Match = Callable[[str, str], bool]


@dataclass(slots=True)
class Request:
    """One request as it arrived; ``status`` stays None until (and unless) it is answered.

    A connection that was refused is a request with the method CONNECT.
    """

    method: str
    path: str
    at_s: float
    status: int | None = None


@dataclass(frozen=True, slots=True)
class Answer:
    """What the proxy says itself, instead of the API server, to the requests that ``match``."""

    status: int
    retry_after_s: int | None
    match: Match


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong right now; the default is nothing."""

    refusing: bool = False
    hanging: bool = False
    delay_s: float = 0.0
    answer: Answer | None = None


class FaultProxy:
    """Forwards everything until a fault is switched on; faults add up, and ``heal`` ends them all.

    Only bearer tokens pass it: a client certificate would end here. Use it as a context manager.
    """

    def __init__(self, upstream_url: str, *, kubeconfig: Path, certificate: Path, key: Path, ca_file: Path) -> None:
        self.requests: list[Request] = []
        self.faults = Faults()
        self.changed = threading.Condition()
        self.stopped = threading.Event()
        upstream = urllib.parse.urlsplit(upstream_url)
        self.upstream = (upstream.hostname or "", upstream.port or 443)
        self.upstream_tls = ssl.create_default_context(cafile=str(ca_file))
        self.tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self.tls.load_cert_chain(certificate, key)
        self._server = Server(self)
        self.port: int = self._server.server_address[1]
        self.url = f"https://127.0.0.1:{self.port}"
        self.kubeconfig = kubeconfig.with_suffix(f".{self.port}{kubeconfig.suffix}")
        config = json.loads(kubeconfig.read_text())
        config["clusters"][0]["cluster"]["server"] = self.url
        self.kubeconfig.write_text(json.dumps(config, indent=2))
        self.kubeconfig.chmod(0o600)
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.05,), name="proxy", daemon=True)

    def refuse(self) -> None:
        """End every connection, and reset those that come (so that attempts can be counted)."""
        self._change(replace(self.faults, refusing=True))
        self._server.cut(lambda _: True)

    def hang(self) -> None:
        """Answer nothing: requests wait and are lost when it ends, watches fall silent and go on when it ends."""
        self._change(replace(self.faults, hanging=True))

    def delay(self, delay_s: float) -> None:
        """Forward each request ``delay_s`` late, also when its sender has given up meanwhile."""
        self._change(replace(self.faults, delay_s=delay_s))

    def answer(self, status: int, retry_after: int | None = None, match: Match = lambda _method, _path: True) -> None:
        """Answer the requests that ``match(method, path)`` with ``status``, and ``Retry-After`` in seconds."""
        self._change(replace(self.faults, answer=Answer(status, retry_after, match)))

    def cut_streams(self) -> None:
        """End the connections that carry a watch, in the middle of it."""
        self._server.cut(lambda relay: relay.streaming)

    def heal(self) -> None:
        """Forward everything at once again."""
        self._change(Faults())

    def count(self, method: str, since_s: float = 0.0) -> int:
        """How many requests of the method arrived at or after the monotonic time ``since_s``."""
        return sum(request.method == method and request.at_s >= since_s for request in list(self.requests))

    def seen(self, method: str, path: str) -> Request:
        """Remember a request that has just arrived."""
        request = Request(method, path, time.monotonic())
        self.requests.append(request)
        return request

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stopped.set()
        self.heal()
        self._server.shutdown()
        self._server.cut(lambda _: True)
        self._server.server_close()
        self._thread.join()

    def _change(self, faults: Faults) -> None:
        with self.changed:
            self.faults = faults
            self.changed.notify_all()

"""Kept connections to one API server, each request under one deadline.

The standard library's client, and not urllib3: a timeout of either bounds one socket operation, so a server that drips
its answer holds the caller for as long as it likes (measured: 3.8 s with a total of 0.4 s). Here every single read and
write asks what is left, and so does each address that a name has. Only the name lookup is outside of it.

A request whose process was stopped, or whose name lookup hung, does not go out late: its time is over. That is what a
lease's holder needs, whose write must not follow its successor's.
"""

from __future__ import annotations

import contextlib
import functools
import http.client
import ipaddress
import os
import select
import socket
import ssl
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote, urlencode, urlsplit

from ...model.errors import ConfigError, one_line
from ...sources.fetch import DeadlineResponse
from .identity import Identity, basic, loopback
from .kubeconfig import Chosen

_CONNECTIONS = 32  # kept for reuse; more at once work, but are made anew each time
_PORTS = {"http": 80, "https": 443}
# A peer that vanished without a word is noticed after 60 + 3 * 10 s; a watch may be silent for longer than that.
_KEEPALIVE = (("TCP_KEEPIDLE", 60), ("TCP_KEEPINTVL", 10), ("TCP_KEEPCNT", 3))


class DeadlineConnection(http.client.HTTPConnection):
    """A connection under a deadline, to the server itself or through a proxy.

    Raises:
        TimeoutError: (from everything that sends or reads) the time is over.
    """

    def __init__(
        self, host: str, port: int, *, tls: ssl.SSLContext | None = None, name: str = "", proxy: Proxy | None = None
    ) -> None:
        super().__init__(host, port) if proxy is None else super().__init__(proxy.host, proxy.port)
        self.until_s = time.monotonic()
        self.generation = 0
        self._tls = tls
        self._name = name or host
        if proxy is not None and tls is not None:
            self.set_tunnel(host, port, proxy.headers)
        self.response_class = functools.partial(  # type: ignore[assignment] # called like the class it makes
            DeadlineResponse, left_s=self.left_s
        )

    def left_s(self) -> float:
        """Return the seconds that are left."""
        left_s = self.until_s - time.monotonic()
        if left_s <= 0.0:
            raise TimeoutError("the time for this request is over")
        return left_s

    def connect(self) -> None:
        """Connect to the first address that answers, and shake hands."""
        self.sock = self._reach()
        self.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_KEEPALIVE, 1)
        for option, value in _KEEPALIVE:
            if hasattr(socket, option):  # not on macOS, on which a module may run
                self.sock.setsockopt(socket.IPPROTO_TCP, getattr(socket, option), value)
        if self._tunnel_host is not None:  # type: ignore[attr-defined] # http.client's own names
            self._tunnel()  # type: ignore[attr-defined]
        if self._tls is not None:
            self.sock.settimeout(self.left_s())
            self.sock = self._tls.wrap_socket(self.sock, server_hostname=self._name)

    def _reach(self) -> socket.socket:
        failed: OSError = OSError("its name has no address")
        addresses = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        for tried, (family, kind, protocol, _name, address) in enumerate(addresses):
            sock = socket.socket(family, kind, protocol)
            try:
                sock.settimeout(self.left_s() / (len(addresses) - tried))  # a silent one leaves time for the others
                sock.connect(address)
            except OSError as error:
                sock.close()
                failed = error
            else:
                return sock
        raise failed

    def send(self, data: Any) -> None:
        """Send what still may be sent."""
        if self.sock is not None:
            self.sock.settimeout(self.left_s())
        super().send(data)

    @property
    def usable(self) -> bool:
        """Whether the server has neither ended the connection nor said anything unasked."""
        if self.sock is None:
            return False
        poll = select.poll()
        poll.register(self.sock, select.POLLIN)
        return not poll.poll(0)


@dataclass(frozen=True, slots=True)
class Proxy:
    """An HTTP proxy; ``headers`` are for itself."""

    host: str
    port: int
    headers: Mapping[str, str]


class Response:
    """An answer whose head has come; its body is read from ``raw``, or with ``read``. For one thread.

    ``end`` may be called from any thread.
    """

    def __init__(self, pool: Pool, connection: DeadlineConnection) -> None:
        self._sock: socket.socket | None = connection.sock  # http.client forgets it if the server will close it
        self.raw = connection.getresponse()
        self.status = self.raw.status
        self._pool = pool
        self._connection = connection

    def read(self, most: int) -> bytes:
        """Return the whole body, or its first ``most`` bytes; the connection serves again if that was all of it.

        Raises:
            OSError: the time is over, or the connection broke.
            http.client.HTTPException: the body ended early.
        """
        body = self.raw.read(most)
        if self.raw.length and len(body) < most:  # read(n) does not complain about a body that ends early
            raise http.client.IncompleteRead(b"", self.raw.length)
        return body

    def give_until(self, monotonic_s: float) -> None:
        """Move the deadline of what is read next."""
        self._connection.until_s = monotonic_s

    def end(self) -> None:
        """Let a read that waits in another thread come to its end."""
        if self._sock is not None:
            with contextlib.suppress(OSError):  # it has ended already
                socket.socket.shutdown(self._sock, socket.SHUT_RDWR)  # not TLS's, which may be in use

    def close(self) -> None:
        """Keep the connection if its answer has been read, else close it."""
        self._pool.take_back(self._connection, whole=self.raw.isclosed())
        self.raw.close()


class Pool:
    """Connections to the API server of one identity. Safe to share between threads.

    Raises:
        ConfigError: its proxy is of a kind that is not supported.
    """

    def __init__(self, identity: Identity, agent: str) -> None:
        self._identity = identity
        self._agent = agent
        self._parts = urlsplit(identity.chosen.server)
        self._proxy = proxy_of(identity.chosen)
        self._lock = threading.Lock()
        self._kept: list[DeadlineConnection] = []
        self._generation = 0

    def ask(  # noqa: PLR0913 - an HTTP request has these parts
        self,
        method: str,
        path: str,
        *,
        until_s: float,
        query: Iterable[tuple[str, str]] = (),
        body: bytes | None = None,
        headers: Iterable[tuple[str, str]] = (),
    ) -> Response:
        """Send a request and return its answer before the monotonic time ``until_s``, after which nothing is sent.

        Raises:
            OSError: there is no answer, in time.
            http.client.HTTPException: it is not HTTP.
        """
        sent = [
            ("Accept", "application/json, */*;q=0.1"),
            ("User-Agent", self._agent),
            *headers,
            *self._identity.headers(),
            *(() if body is None else (("Content-Length", str(len(body))),)),
        ]
        connection = self._take()
        connection.until_s = until_s
        try:
            connection.left_s()  # a token file may have taken its time
            connection.putrequest(method, self._target(path, query), skip_accept_encoding=True)
            for name, value in sent:
                connection.putheader(name, value)
            connection.endheaders(body)
            answer = Response(self, connection)
        except BaseException:
            connection.close()
            raise
        return answer

    @contextmanager
    def answer(self, method: str, path: str, **request: Any) -> Iterator[Response]:
        """Do as ``ask`` does; the connection is kept if the answer has been read to its end."""
        response = self.ask(method, path, **request)
        try:
            yield response
        finally:
            response.close()

    def clear(self) -> None:
        """Close the kept connections; those in use are closed after their answer."""
        with self._lock:
            kept, self._kept = self._kept, []
            self._generation += 1
        for connection in kept:
            connection.close()

    def take_back(self, connection: DeadlineConnection, *, whole: bool) -> None:
        """Keep a connection that can serve again."""
        with self._lock:
            keep = whole and connection.sock is not None and connection.generation == self._generation
            keep = keep and len(self._kept) < _CONNECTIONS
            if keep:
                self._kept.append(connection)
        if not keep:
            connection.close()

    def _take(self) -> DeadlineConnection:
        while True:
            with self._lock:
                connection = self._kept.pop() if self._kept else None
                generation = self._generation
            if connection is None:
                connection = self._new()
                connection.generation = generation
                return connection
            if connection.usable:
                return connection
            connection.close()

    def _new(self) -> DeadlineConnection:
        host = self._parts.hostname or ""
        port = self._parts.port or _PORTS[self._parts.scheme]
        name = self._identity.chosen.tls_server_name
        return DeadlineConnection(host, port, tls=self._identity.tls, name=name, proxy=self._proxy)

    def _target(self, path: str, query: Iterable[tuple[str, str]]) -> str:
        """Return what stands in the request line: below the server's own path, whole for a proxy that sees it."""
        asked = urlencode(list(query))
        target = f"{self._parts.path.rstrip('/')}{path}{f'?{asked}' if asked else ''}"
        seen = self._proxy is not None and self._parts.scheme == "http"
        return f"http://{self._parts.netloc}{target}" if seen else target


def proxy_of(chosen: Chosen) -> Proxy | None:
    """Return the proxy of a cluster: its own, else the environment's, as Go finds it.

    Raises:
        ConfigError: it is none that is supported.
    """
    url = chosen.proxy_url or _of_environment(chosen.server)
    if not url:
        return None
    proxy = urlsplit(url if "://" in url else f"http://{url}")
    named = f"the proxy {proxy.scheme}://{proxy.netloc.rpartition('@')[2]}"
    try:
        host, port = proxy.hostname, proxy.port or 80
    except ValueError:
        host, port = None, 0
    if proxy.scheme != "http" or not host:
        cure = "remove proxy-url" if chosen.proxy_url else "list the server in NO_PROXY"
        raise ConfigError(
            f"{named} of {chosen.server} is not supported: give the http:// address of a proxy, which sees nothing of "
            f"the TLS to the server, or {cure} if the server can be reached without one"
        )
    if proxy.username is None:
        return Proxy(host, port, chosen.proxy_headers)
    pair = f"{unquote(proxy.username)}:{unquote(proxy.password or '')}"
    return Proxy(host, port, {"Proxy-Authorization": basic(pair), **chosen.proxy_headers})


def _of_environment(server: str) -> str:
    """Return the proxy that Go's ``http.ProxyFromEnvironment`` would take: none for this machine."""
    variable = f"{urlsplit(server).scheme}_proxy"
    url = os.environ.get(variable.upper()) or os.environ.get(variable) or ""
    excepted = os.environ.get("NO_PROXY") or os.environ.get("no_proxy") or ""
    return "" if not url or loopback(urlsplit(server).hostname) or without_proxy(server, excepted) else url


def without_proxy(server: str, excepted: str) -> bool:
    """Return whether a list like that of ``$NO_PROXY`` names the server."""
    target = urlsplit(server)
    host, port = target.hostname or "", target.port or _PORTS[target.scheme]
    return any(_covers(each.strip().lower(), host, port) for each in excepted.split(","))


def _covers(rule: str, host: str, port: int) -> bool:
    """Return whether an entry of ``$NO_PROXY`` names the host: ``*``, an address or a network, a name or its end."""
    if not rule or rule == "*":
        return rule == "*"
    try:
        return ipaddress.ip_address(host) in ipaddress.ip_network(rule, strict=False)
    except ValueError:
        pass
    name, _colon, wanted = rule.rpartition(":") if rule.rpartition(":")[2].isdecimal() else (rule, "", "")
    if wanted and int(wanted) != port:
        return False
    name = name.removeprefix("*")
    return host.endswith(name) if name.startswith(".") else host == name or host.endswith(f".{name}")


def explain(error: Exception, timeout_s: float) -> str:  # noqa: PLR0911 - one way to fail, one line
    """Return what kept an answer away, to follow the server's name in a sentence; ``timeout_s`` is what it had."""
    match error:
        case TimeoutError():
            return f"did not answer within {timeout_s:.3g} s"
        case ConnectionRefusedError():
            return "refused the connection: start it, or correct its address"
        case socket.gaierror():
            return "has a name that does not resolve: correct its address or the name service"
        case ssl.SSLCertVerificationError():
            return f"shows a certificate that is not valid here: {error.verify_message}"
        case ssl.SSLError():
            return f"failed the TLS handshake: {error.reason or error}"
        case ConnectionError() | http.client.HTTPException():
            return f"ended its answer early or does not speak HTTP: {one_line(repr(error), 120)}"
        case OSError():
            return f"cannot be reached: {error.strerror or error}"
        case _:
            return "answered with something that is not JSON: check what runs there"

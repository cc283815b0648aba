"""Every fault of a server ends in a named error, within the bounds."""

from __future__ import annotations

import socket
import time

import pytest

from detnet.model.errors import ConfigError
from detnet.sources.credentials import Credentials
from detnet.sources.errors import ErrorKind, SourceError
from detnet.sources.fetch import Fetcher, Limits, base_url
from sources.servers import FaultyServer, answer, drip, hang, raw

_LIMITS = Limits(total_s=0.5, body_bytes=1_000_000)


def _get(url: str, limits: Limits = _LIMITS) -> tuple[int, bytes]:
    fetcher = Fetcher("the server", url, Credentials(), limits)
    try:
        return fetcher.get("/x", {"a": "b c"}, deadline_s=time.monotonic() + limits.total_s)
    finally:
        fetcher.close()


def _kind(url: str, limits: Limits = _LIMITS) -> ErrorKind:
    with pytest.raises(SourceError) as caught:
        _get(url, limits)
    return caught.value.kind


def test_a_good_answer_is_returned_whole(server: FaultyServer) -> None:
    """The body comes back with its status, and the path keeps the address's prefix."""
    server.behave = answer(b"x" * 100_000)
    assert _get(f"{server.url}/prefix/") == (200, b"x" * 100_000)
    assert server.requests[0].startswith("GET /prefix/x?a=b+c HTTP/1.1")


def test_a_closed_port_is_refused(server: FaultyServer) -> None:
    """A port where nothing listens is distinguished from a server that is slow."""
    server.close()
    assert _kind(server.url) is ErrorKind.REFUSED


def test_a_name_that_does_not_resolve_is_told() -> None:
    """The name is the error, not the server (RFC 6761: .invalid never resolves)."""
    assert _kind("http://prometheus.invalid:9090") is ErrorKind.NAME


def test_a_server_that_hangs_is_left_in_time(server: FaultyServer) -> None:
    """A server that says nothing holds us no longer than the limit."""
    server.behave = hang(server)
    assert _kind(server.url) is ErrorKind.TIMEOUT


@pytest.mark.parametrize(
    "start",
    [b"", b"HTTP/1.1 200 OK\r\nX-Header: ", b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n"],
    ids=["status line", "header", "body"],
)
def test_a_server_that_drips_is_left_in_time(server: FaultyServer, start: bytes) -> None:
    """Single bytes that each come in time do not add up to an endless answer, headers included."""
    server.behave = drip(server, start, b"a")
    assert _kind(server.url) is ErrorKind.TIMEOUT


def test_endless_interim_answers_are_left_in_time(server: FaultyServer) -> None:
    """A server may send any number of 100 Continue; we do not wait for the last."""
    server.behave = drip(server, b"", b"HTTP/1.1 100 Continue\r\n\r\n")
    assert _kind(server.url) is ErrorKind.TIMEOUT


@pytest.mark.parametrize(
    ("data", "kind"),
    [
        (b"", ErrorKind.BROKEN),
        (b"220 mail.example ESMTP\r\n\r\n", ErrorKind.BROKEN),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\nshort", ErrorKind.BROKEN),
        (b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nshort", ErrorKind.BROKEN),
        (b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 1000 + b"\r\n", ErrorKind.BROKEN),
    ],
    ids=["closed", "another protocol", "truncated", "truncated chunk", "a thousand headers"],
)
def test_an_answer_that_is_none_is_broken(server: FaultyServer, data: bytes, kind: ErrorKind) -> None:
    """What ends early or is not HTTP never passes for a body."""
    server.behave = raw(data)
    assert _kind(server.url) is kind


def test_a_body_of_50_mb_is_not_taken_in(server: FaultyServer) -> None:
    """It is refused by its size, whole as it may be."""
    server.behave = answer(b"x" * 50_000_000)
    assert _kind(server.url, Limits(total_s=5.0, body_bytes=1_000_000)) is ErrorKind.TOO_LARGE


def test_reading_stops_at_the_limit(server: FaultyServer) -> None:
    """A body without end is left at the limit and not at the deadline."""

    def endless(connection: socket.socket, head: str) -> None:
        connection.sendall(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.sendall(b"x" * 65536)

    server.behave = endless
    assert _kind(server.url, Limits(total_s=0.5, body_bytes=100_000)) is ErrorKind.TOO_LARGE


def test_the_connection_is_kept_and_made_anew_after_a_fault(server: FaultyServer) -> None:
    """Two questions share a connection; a fault costs the one question and not the next."""
    fetcher = Fetcher("the server", server.url, Credentials(), _LIMITS)

    def get() -> int:
        return fetcher.get("/", {}, deadline_s=time.monotonic() + 0.5)[0]

    get()
    get()
    assert len(server._open) == 1
    server.behave = hang(server)
    with pytest.raises(SourceError):
        get()
    server.behave = answer(b"")
    assert get() == 200
    fetcher.close()


@pytest.mark.parametrize(
    "url",
    ["", "localhost:9090", "ftp://h", "http://", "http://h:port", "http://h:99999", "http://h/?a=b", "http://h h"],
)
def test_an_address_that_cannot_be_used_is_refused(url: str) -> None:
    """The sentence says what an address looks like."""
    with pytest.raises(ConfigError, match="not an address of the form"):
        base_url(url)

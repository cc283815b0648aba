"""A request ends in time whatever the server does, and nothing of it leaves after its time."""

from __future__ import annotations

import os
import socket
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from detnet.kubernetes.access.transport import DeadlineConnection
from detnet.kubernetes.client.api import Api, ApiUnreachable, ClusterAccess, connect
from kubernetes_client.api_server import ApiServer, Say, kubeconfig
from sources.servers import FaultyServer, answer, drip, hang
from support import wait_for

Connected = Callable[[str], Api]


def _error(api: Api, timeout_s: float = 0.4) -> str:
    with pytest.raises(ApiUnreachable) as caught:
        api.request("GET", "/x", timeout_s=timeout_s)
    return str(caught.value)


@pytest.mark.parametrize(
    "start",
    [
        b"",
        b"HTTP/1.1 200 OK\r\nX-Header: ",
        b"HTTP/1.1 200 OK\r\nContent-Length: 9000\r\n\r\n",
        b"HTTP/1.1 500 No\r\n\r\n",
    ],
    ids=["status line", "header", "body", "refusal"],
)
def test_a_dripping_server_is_left_in_time(faulty: FaultyServer, connected: Connected, start: bytes) -> None:
    """Single bytes that each come in time do not add up to an endless answer."""
    faulty.behave = drip(faulty, start, b"a")
    api, began_s = connected(faulty.url), time.monotonic()
    if b"500" in start:
        with pytest.raises(Exception, match="HTTP 500"):
            api.request("GET", "/x", timeout_s=0.4)
    else:
        assert "did not answer within 0.4 s (GET /x)" in _error(api)
    assert time.monotonic() - began_s < 10.0  # the drip would go on for as long as the test


def test_a_hanging_server_is_left_in_time(faulty: FaultyServer, connected: Connected) -> None:
    """A server that accepts and says nothing holds us no longer than the limit."""
    faulty.behave = hang(faulty)
    assert "did not answer within 0.4 s" in _error(connected(faulty.url))


def test_a_hanging_handshake_is_left_in_time(faulty: FaultyServer, connected: Connected) -> None:
    """A server that accepts TCP and never speaks TLS counts like one that hangs."""
    faulty.behave = hang(faulty)
    assert "did not answer within 0.4 s" in _error(connected(faulty.url.replace("http:", "https:")))


def test_no_time_left_sends_nothing(api: Api, server: ApiServer) -> None:
    """Whoever computes the rest of a lease's time may come to less than nothing."""
    assert "nothing was sent" in _error(api, timeout_s=-0.1)
    assert server.asked == []


def test_a_deadline_in_the_past_sends_nothing(api: Api, server: ApiServer) -> None:
    """However much time the request itself would have."""
    with pytest.raises(ApiUnreachable, match="nothing was sent"):
        api.request("PATCH", "/x", body={}, timeout_s=60.0, until_s=time.monotonic() - 0.1)
    assert server.asked == []


def test_a_request_that_was_held_up_is_not_sent_late(server: ApiServer, tmp_path: Path) -> None:
    """Here by a token file that takes its time; a process that is stopped for a while is the same."""
    token = tmp_path / "token"
    token.write_text("t")
    api = connect(ClusterAccess(kubeconfig(tmp_path / "kubeconfig", server.url, {"tokenFile": "token"})))
    token.unlink()
    os.mkfifo(token)
    begun = threading.Event()

    def write_late() -> None:
        begun.wait(10)
        wait_for(lambda: time.monotonic() > until_s, what="the deadline")
        token.write_text("t")

    writer = threading.Thread(target=write_late)
    writer.start()
    until_s = time.monotonic() + 0.3
    begun.set()
    with pytest.raises(ApiUnreachable):
        api.request("PATCH", "/x", body={}, timeout_s=60.0, until_s=until_s)
    writer.join()
    assert server.asked == []


def test_a_connection_sends_nothing_after_its_time(faulty: FaultyServer) -> None:
    """A process that is stopped between its decision and its write, and goes on later, must not write."""
    connection = DeadlineConnection("127.0.0.1", faulty.port)
    connection.until_s = time.monotonic() + 5.0
    connection.connect()
    connection.until_s = time.monotonic()
    with pytest.raises(TimeoutError):
        connection.send(b"PATCH / HTTP/1.1\r\n\r\n")
    assert faulty.requests == []
    connection.close()


def test_dead_connections_cost_one_request(faulty: FaultyServer, connected: Connected) -> None:
    """When a server vanishes behind its address, all connections that were kept to it are dead at once."""

    def meet(connection: socket.socket, head: str) -> None:
        if connection in old:
            faulty.released.wait(60)
            return
        together.wait(10)  # so that each request needs a connection of its own
        answer(b"{}")(connection, head)

    def ask_both() -> list[object]:
        with ThreadPoolExecutor() as threads:
            return list(threads.map(lambda path: api.request("GET", path), ("/x", "/y")))

    together = threading.Barrier(2)
    old: list[socket.socket] = []
    faulty.behave = meet
    api = connected(faulty.url)
    assert ask_both() == [{}, {}]
    old = list(faulty._open)
    assert "did not answer" in _error(api)
    assert ask_both() == [{}, {}]


def test_a_kept_connection_serves_again(api: Api, server: ApiServer) -> None:
    """A new connection costs a TLS handshake; a refusal does not invalidate the old one."""
    server.answer = lambda asked: Say(status=409) if asked.path == "/no" else Say()
    api.request("GET", "/yes")
    with pytest.raises(Exception, match="HTTP 409"):
        api.request("GET", "/no")
    api.request("GET", "/yes")
    assert len({asked.port for asked in server.asked}) == 1

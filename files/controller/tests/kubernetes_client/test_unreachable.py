"""What keeps an answer away is reported in words, and half an answer is none."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from detnet.kubernetes.client.api import Api, ApiUnreachable
from sources.servers import Behaviour, FaultyServer, answer, raw

Connected = Callable[[str], Api]


def _error(api: Api, timeout_s: float = 5.0) -> str:
    with pytest.raises(ApiUnreachable) as caught:
        api.request("GET", "/x", timeout_s=timeout_s)
    return str(caught.value)


def test_a_closed_port_is_reported_from_a_slow_server(faulty: FaultyServer, connected: Connected) -> None:
    """The one needs starting, the other patience."""
    faulty.close()
    assert "refused the connection" in _error(connected(faulty.url))


def test_a_name_that_does_not_resolve_is_reported(connected: Connected) -> None:
    """The name is wrong, not the server (RFC 6761: .invalid never resolves)."""
    assert "does not resolve" in _error(connected("http://api.invalid:6443"), timeout_s=30.0)


@pytest.mark.parametrize(
    "behave",
    [
        raw(b""),
        raw(b"220 mail.example ESMTP\r\n\r\n"),
        raw(b"HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"),
        raw(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nff\r\n{"),
        answer(b"<html>"),
    ],
    ids=["closed", "another protocol", "truncated", "truncated chunk", "not JSON"],
)
def test_half_an_answer_is_none(faulty: FaultyServer, connected: Connected, behave: Behaviour) -> None:
    """What ends early or is not HTTP never passes for an object."""
    faulty.behave = behave
    error = _error(connected(faulty.url), timeout_s=30.0)
    assert "ended its answer early" in error or "not JSON" in error


def test_the_reason_is_never_the_callers_own_error(faulty: FaultyServer, connected: Connected) -> None:
    """A request that fails while another failure is handled gives its own reason."""
    faulty.close()
    api = connected(faulty.url)
    try:
        "no number".encode("ascii").decode("utf-16")
    except UnicodeDecodeError:
        assert "refused the connection" in _error(api)

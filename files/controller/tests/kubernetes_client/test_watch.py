"""A watch brings events as they come, ends when it is closed, and notices a server that has fallen silent."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable

import pytest

from detnet.kubernetes.client.api import Api, ApiRefused, ApiUnreachable
from kubernetes_client.api_server import ApiServer, Say, always
from sources.servers import Behaviour, FaultyServer, drip, raw

Connected = Callable[[str], Api]
_HEAD = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"


def _event(version: int) -> dict[str, object]:
    return {"type": "ADDED", "object": {"metadata": {"resourceVersion": str(version)}}}


def _chunk(content: bytes) -> bytes:
    return b"%x\r\n%b\r\n" % (len(content), content)


def test_events_come_in_order_until_the_server_ends(api: Api, server: ApiServer) -> None:
    """The end that the server makes, after timeoutSeconds, is no error."""
    events = tuple(_event(version) for version in range(200))
    server.answer = always(Say(lines=events))
    with api.watch("/api/v1/pods", query={"resourceVersion": "7"}, idle_s=5.0) as stream:
        assert list(stream) == list(events)
    assert server.asked[0].query == {"resourceVersion": "7", "watch": "true"}


def test_an_event_is_handed_on_at_once(api: Api, server: ApiServer) -> None:
    """It does not wait for the next one, or for a buffer to fill."""
    server.answer = always(Say(lines=(_event(1),), stay=True))
    with api.watch("/x", query={}, idle_s=60.0) as stream:
        assert next(stream) == _event(1)


def test_an_event_may_come_in_pieces(faulty: FaultyServer, connected: Connected) -> None:
    """Neither chunks nor packets end where events do."""
    content = b"".join(json.dumps(_event(version)).encode() + b"\n" for version in range(3))
    faulty.behave = raw(
        _HEAD + b"".join(_chunk(content[at : at + 7]) for at in range(0, len(content), 7)) + b"0\r\n\r\n"
    )
    with connected(faulty.url).watch("/x", query={}, idle_s=5.0) as stream:
        assert list(stream) == [_event(0), _event(1), _event(2)]


def test_a_refusal_is_no_stream(api: Api, server: ApiServer) -> None:
    """A version that is too old is answered before any event."""
    server.answer = always(Say({"reason": "Expired", "message": "too old resource version"}, status=410))
    with pytest.raises(ApiRefused) as caught:
        api.watch("/x", query={}, idle_s=5.0)
    assert (caught.value.status, caught.value.reason) == (410, "Expired")


def test_silence_is_an_end(api: Api, server: ApiServer) -> None:
    """A connection may be dead for long before TCP notices; whether the server is shows the next request."""
    server.answer = always(Say(lines=(_event(1),), stay=True))
    began_s = time.monotonic()
    with api.watch("/x", query={}, idle_s=0.3) as stream:
        assert list(stream) == [_event(1)]
    assert time.monotonic() - began_s < 8.0  # the head of a watch alone may take 10 s


def test_dripping_is_silence(faulty: FaultyServer, connected: Connected) -> None:
    """Bytes that never become an event say nothing."""
    faulty.behave = drip(faulty, _HEAD, _chunk(b" "))
    with connected(faulty.url).watch("/x", query={}, idle_s=0.3) as stream, pytest.raises(ApiUnreachable):
        next(stream)


def test_each_event_gets_its_own_time(faulty: FaultyServer, connected: Connected) -> None:
    """A watch lives much longer than its silence may last."""
    faulty.behave = drip(faulty, _HEAD, _chunk(json.dumps(_event(1)).encode() + b"\n"))
    with connected(faulty.url).watch("/x", query={}, idle_s=0.5) as stream:
        began_s = time.monotonic()
        while time.monotonic() < began_s + 1.5:
            assert next(stream) == _event(1)


@pytest.mark.parametrize(
    "behave",
    [
        raw(_HEAD + _chunk(b'{"type": "ADD')),
        raw(_HEAD + _chunk(b'{"type": "ADD') + b"0\r\n\r\n"),
        raw(_HEAD + _chunk(b"<html>\n") + b"0\r\n\r\n"),
        raw(_HEAD + _chunk(b'{"no": "event"}\n') + b"0\r\n\r\n"),
    ],
    ids=["cut", "ended in an event", "not JSON", "no event"],
)
def test_half_an_event_is_none(faulty: FaultyServer, connected: Connected, behave: Behaviour) -> None:
    """What breaks off is an error, not an end."""
    faulty.behave = behave
    with connected(faulty.url).watch("/x", query={}, idle_s=30.0) as stream, pytest.raises(ApiUnreachable):
        next(stream)


def test_close_ends_it_at_once_from_another_thread(api: Api, server: ApiServer) -> None:
    """SIGTERM must not wait for the server's next word."""
    server.answer = always(Say(lines=(_event(1),), stay=True))
    with api.watch("/x", query={}, idle_s=60.0) as stream:
        seen = threading.Event()

        def close() -> None:
            seen.wait(10)
            stream.close()

        closer = threading.Thread(target=close)
        closer.start()
        for _ in stream:
            seen.set()
        closer.join()
    assert not server.released.is_set()

"""The proxy in front of the real API server does to requests what it says, and nothing when it is healed."""

from __future__ import annotations

import contextlib
import http.client
import json
import ssl
import threading
import time
from collections.abc import Iterator
from typing import Any

import pytest

from control_plane import Client, ControlPlane, FaultProxy, RefusedError
from support import wait_for

BROKEN = (OSError, http.client.HTTPException)


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[FaultProxy]:
    """A healthy proxy with the administrator's token."""
    with control_plane.proxy() as proxy:
        yield proxy


@pytest.fixture
def client(proxy: FaultProxy) -> Client:
    """A client that goes through the proxy."""
    return Client.of(proxy.kubeconfig)


def config_map(name: str) -> dict[str, Any]:
    """The smallest object there is."""
    return {"metadata": {"name": name}}


def names(plane: ControlPlane, namespace: str) -> set[str]:
    """The config maps that reached the API server, without the one that every namespace has."""
    items = plane.request("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    return {item["metadata"]["name"] for item in items} - {"kube-root-ca.crt"}


def test_a_healthy_proxy_forwards_and_counts(proxy: FaultProxy, client: Client, namespace: str) -> None:
    """Bodies, errors and queries pass unchanged, and each request is remembered with its status."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    client.request("POST", path, config_map("one"))
    assert len(client.request("GET", path, query={"fieldSelector": "metadata.name=one"})["items"]) == 1
    with pytest.raises(RefusedError, match="404"):
        client.request("GET", f"{path}/none")
    assert [(request.method, request.status) for request in proxy.requests] == [
        ("POST", 201),
        ("GET", 200),
        ("GET", 404),
    ]
    assert proxy.requests[1].path.endswith("?fieldSelector=metadata.name%3Done")
    assert proxy.count("GET") == 2
    assert proxy.count("GET", since_s=proxy.requests[2].at_s) == 1


def test_refuse_resets_old_and_new_connections(proxy: FaultProxy, client: Client) -> None:
    """The kept connection breaks, each new attempt is reset and counted, and healing ends it."""
    client.request("GET", "/version")
    proxy.refuse()
    for _attempt in range(3):
        with pytest.raises(BROKEN):
            client.request("GET", "/version")
    assert proxy.count("CONNECT") >= 2
    proxy.heal()
    client.request("GET", "/version")


def test_what_hung_is_lost(control_plane: ControlPlane, proxy: FaultProxy, client: Client, namespace: str) -> None:
    """A request during the fault gets no answer and never arrives; later ones do."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    proxy.hang()
    with pytest.raises(TimeoutError):
        client.request("POST", path, config_map("lost"), timeout_s=0.3)
    assert proxy.requests[-1].status is None
    proxy.heal()
    client.request("POST", path, config_map("later"))
    assert names(control_plane, namespace) == {"later"}


def test_a_delayed_write_arrives_although_its_sender_gave_up(
    control_plane: ControlPlane, proxy: FaultProxy, client: Client, namespace: str
) -> None:
    """This is how a stale leader's write comes after the new leader's."""
    proxy.delay(0.5)
    with pytest.raises(TimeoutError):
        client.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", config_map("late"), timeout_s=0.1)
    assert names(control_plane, namespace) == set()
    wait_for(lambda: names(control_plane, namespace) == {"late"}, what="the late write")


def test_an_injected_answer_reaches_only_what_it_matches(control_plane: ControlPlane, proxy: FaultProxy) -> None:
    """A 429 with its Retry-After for writes, while reads pass."""
    proxy.answer(429, retry_after=7, match=lambda method, _path: method == "POST")
    tls = ssl.create_default_context(cafile=str(control_plane.ca_file))
    connection = http.client.HTTPSConnection("127.0.0.1", proxy.port, context=tls)
    connection.request("POST", "/api/v1/namespaces", b"{}")
    refused = connection.getresponse()
    assert (refused.status, refused.headers["Retry-After"]) == (429, "7")
    assert json.loads(refused.read())["reason"] == "TooManyRequests"
    connection.request("GET", "/version", headers={"Authorization": f"Bearer {control_plane.credentials.admin_token}"})
    assert connection.getresponse().status == 200
    connection.close()


def test_a_watch_streams_falls_silent_and_is_cut(
    control_plane: ControlPlane, proxy: FaultProxy, client: Client, namespace: str
) -> None:
    """Events pass at once, wait while the proxy hangs, and the stream breaks when it is cut."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    seen: list[str] = []
    ended = threading.Event()

    def follow() -> None:
        with client.watch(path, {}) as watch, contextlib.suppress(*BROKEN):
            for event in watch:
                seen.append(event["object"]["metadata"]["name"])  # noqa: PERF401  # read while it grows
        ended.set()

    follower = threading.Thread(target=follow)
    follower.start()
    control_plane.request("POST", path, config_map("one"))
    wait_for(lambda: "one" in seen, what="the event")
    proxy.hang()
    control_plane.request("POST", path, config_map("two"))
    assert not ended.wait(0.3)
    assert "two" not in seen
    proxy.heal()
    wait_for(lambda: "two" in seen, what="the event after the silence")
    proxy.cut_streams()
    assert ended.wait(5.0)
    follower.join()


def test_a_client_that_leaves_ends_its_watch_at_the_api_server(
    control_plane: ControlPlane, client: Client, namespace: str
) -> None:
    """The proxy holds nothing open that its client has closed."""
    path = f"/api/v1/namespaces/{namespace}/configmaps"
    with client.watch(path, {"timeoutSeconds": "300"}):
        started_s = time.monotonic()

    def completed() -> bool:
        return any(
            event["verb"] == "watch" and event["stage"] == "ResponseComplete" and path in event["requestURI"]
            for event in control_plane.audit_events()
        )

    wait_for(completed, what="the end of the watch")
    assert time.monotonic() - started_s < 300

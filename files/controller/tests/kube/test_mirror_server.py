"""A mirror of a real API server shows what the server has, through every fault, soon after the fault is over."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from control_plane import ControlPlane, FaultProxy
from detnet.kube.api import ClusterAccess, connect
from detnet.kube.mirror import Mirror
from support import wait_for


class Pods:
    """The pods of a namespace, changed behind the mirror's back, and what the mirror must show."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.path = f"/api/v1/namespaces/{namespace}/pods"
        self.wanted: dict[str, str] = {}
        self._plane = plane
        self._namespace = namespace

    def create(self, *names: str, colour: str = "red") -> None:
        """Create pods; nobody runs them."""
        for name in names:
            metadata = {"name": name, "labels": {"colour": colour}}
            spec = {"containers": [{"name": "main", "image": "none"}], "terminationGracePeriodSeconds": 0}
            self._plane.request("POST", self.path, {"metadata": metadata, "spec": spec})
            self.wanted[f"{self._namespace}/{name}"] = colour

    def paint(self, name: str, colour: str) -> None:
        """Change one."""
        patch = {"metadata": {"labels": {"colour": colour}}}
        self._plane.request("PATCH", f"{self.path}/{name}", patch, content_type="application/merge-patch+json")
        self.wanted[f"{self._namespace}/{name}"] = colour

    def delete(self, name: str) -> None:
        """Delete one."""
        self._plane.request("DELETE", f"{self.path}/{name}")
        del self.wanted[f"{self._namespace}/{name}"]


class Told:
    """Collects what a mirror tells, and replays it."""

    def __init__(self) -> None:
        self.changes: list[tuple[str, str | None]] = []

    def __call__(self, key: str, value: str | None) -> None:
        """Remember a change."""
        self.changes.append((key, value))

    @property
    def replayed(self) -> dict[str, str]:
        """What somebody knows who only listens."""
        state = {key: value for key, value in self.changes}  # noqa: C416 - the last of each key wins
        return {key: value for key, value in state.items() if value is not None}


@pytest.fixture
def pods(control_plane: ControlPlane, namespace: str) -> Pods:
    """Three red pods."""
    pods = Pods(control_plane, namespace)
    pods.create("a", "b", "c")
    return pods


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[FaultProxy]:
    """The way to the API server."""
    with control_plane.proxy() as proxy:
        yield proxy


@contextmanager
def _following(proxy: FaultProxy, pods: Pods, **options: Any) -> Iterator[tuple[Mirror[str], Told]]:
    told = Told()
    api = connect(ClusterAccess(proxy.kubeconfig))
    colour: Callable[[dict[str, Any]], str | None] = lambda pod: pod["metadata"]["labels"].get("colour")  # noqa: E731
    mirror: Mirror[str] = Mirror(api, pods.path, colour, on_change=told, **options)
    stop = threading.Event()
    thread = threading.Thread(target=mirror.run, args=(stop,), daemon=True)
    thread.start()
    try:
        yield mirror, told
    finally:
        proxy.heal()
        stop.set()
        thread.join(20.0)
        assert not thread.is_alive()


def _wait_equal(mirror: Mirror[str], told: Told, pods: Pods, within_s: float = 10.0) -> None:
    wait_for(lambda: mirror.items() == pods.wanted == told.replayed, what="the mirror is right", within_s=within_s)


def test_a_mirror_follows(pods: Pods, proxy: FaultProxy) -> None:
    """One list and one watch carry all changes."""
    with _following(proxy, pods) as (mirror, told):
        _wait_equal(mirror, told, pods)
        pods.paint("a", "blue")
        pods.delete("b")
        pods.create("d")
        _wait_equal(mirror, told, pods)
        assert len(told.changes) == 6
    assert proxy.count("GET") == 2


def test_a_long_list_comes_in_pages(pods: Pods, proxy: FaultProxy) -> None:
    """The server's own continue tokens, 250 objects at a time."""
    pods.create(*(f"pod-{number}" for number in range(260)))
    with _following(proxy, pods) as (mirror, told):
        _wait_equal(mirror, told, pods, within_s=30.0)
    assert proxy.count("GET") == 3


_FAULTS: dict[str, Callable[[FaultProxy], None]] = {
    "refuses": lambda proxy: proxy.refuse(),
    "hangs": lambda proxy: proxy.hang(),
    "late by 5 s": lambda proxy: proxy.delay(5.0),
    "403": lambda proxy: proxy.answer(403),
    "410": lambda proxy: proxy.answer(410),
    "429": lambda proxy: proxy.answer(429, retry_after=1),
    "500": lambda proxy: proxy.answer(500),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_nothing_is_lost_in_a_fault(pods: Pods, proxy: FaultProxy, fault: str) -> None:
    """What happened meanwhile is there within 5 s of the end, and the server was left in peace during the fault."""
    with _following(proxy, pods) as (mirror, told):
        _wait_equal(mirror, told, pods)
        before = len(proxy.requests)
        _FAULTS[fault](proxy)
        proxy.cut_streams()
        began_s = time.monotonic()
        if fault != "late by 5 s":  # which is slow, but in order
            # A watch may just have been under way, and opens yet.
            wait_for(lambda: _cut(proxy, mirror), what="the trouble is told", within_s=30.0)
        pods.delete("a")
        pods.paint("b", "blue")
        pods.create("d")
        pods.delete("d")
        pods.create("d", colour="green")
        wait_for(lambda: time.monotonic() > began_s + 3.0, what="some time")
        asked = len(proxy.requests) - before
        assert asked <= 12, f"{asked} requests in {time.monotonic() - began_s:.1f} s"
        proxy.heal()
        # A request that the proxy holds back for 5 s is answered after that.
        _wait_equal(mirror, told, pods, within_s=10.0 if fault == "late by 5 s" else 5.0)
        wait_for(lambda: mirror.trouble is None, what="the trouble is over", within_s=5.0)


def test_a_stream_that_is_cut_again_and_again_loses_nothing(pods: Pods, proxy: FaultProxy) -> None:
    """Each time it goes on from the last version; no list is needed."""
    with _following(proxy, pods) as (mirror, told):
        _wait_equal(mirror, told, pods)
        for number in range(10):
            proxy.cut_streams()
            pods.create(f"pod-{number}")
            pods.paint(f"pod-{number}", "blue")
        _wait_equal(mirror, told, pods)
        assert mirror.trouble is None
    assert len(_lists(proxy)) == 1


def test_a_server_that_has_forgotten_the_version_is_listed_again(
    control_plane: ControlPlane, pods: Pods, proxy: FaultProxy
) -> None:
    """After a restart it knows nothing of before, and says 410."""
    with _following(proxy, pods) as (mirror, told):
        _wait_equal(mirror, told, pods)
        proxy.refuse()
        wait_for(lambda: mirror.trouble, what="the trouble is told")
        pods.delete("a")
        pods.create("d")
        control_plane.stop_api()
        control_plane.start_api()
        proxy.heal()
        _wait_equal(mirror, told, pods, within_s=10.0)
    assert len(_lists(proxy)) >= 2


def test_etcd_may_be_restarted(control_plane: ControlPlane, pods: Pods, proxy: FaultProxy) -> None:
    """The API server goes on, and so do we."""
    with _following(proxy, pods) as (mirror, told):
        _wait_equal(mirror, told, pods)
        control_plane.stop_etcd()
        control_plane.start_etcd()
        wait_for(lambda: _possible(lambda: pods.create("d")), what="the API server finds etcd again", within_s=30.0)
        _wait_equal(mirror, told, pods)


def test_a_version_from_the_future_is_forgotten(pods: Pods, proxy: FaultProxy) -> None:
    """When etcd was restored from a backup, the version we know is one that has not been yet."""
    with _following(proxy, pods, idle_s=1.0, trust_s=2.0) as (mirror, told):
        _wait_equal(mirror, told, pods)
        mirror._version = "999999999"
        proxy.cut_streams()
        pods.create("d")
        _wait_equal(mirror, told, pods, within_s=30.0)


def _cut(proxy: FaultProxy, mirror: Mirror[str]) -> str | None:
    proxy.cut_streams()
    return mirror.trouble


def _lists(proxy: FaultProxy) -> list[str]:
    return [request.path for request in proxy.requests if request.status == 200 and "watch=true" not in request.path]


def _possible(action: Callable[[], None]) -> bool:
    try:
        action()
    except Exception:  # noqa: BLE001 - whatever the server says while it looks for etcd
        return False
    return True

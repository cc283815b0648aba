"""An informer of a real API server shows what the server has, through every fault, soon after the fault is over."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from control_plane import ControlPlane, FaultProxy
from detnet.kubernetes.client.informer import Informer
from kubernetes_client.real_informers import Pods, following, wait_equal
from support import wait_for


@pytest.fixture
def pods(control_plane: ControlPlane, namespace: str) -> Pods:
    """Three red pods."""
    pods = Pods(control_plane, namespace)
    pods.create("a", "b", "c")
    return pods


def test_an_informer_follows(pods: Pods, proxy: FaultProxy) -> None:
    """One list and one watch carry all changes."""
    with following(proxy, pods) as (informer, reported):
        wait_equal(informer, reported, pods)
        pods.paint("a", "blue")
        pods.delete("b")
        pods.create("d")
        wait_equal(informer, reported, pods)
        assert len(reported.changes) == 6
    assert proxy.count("GET") == 2


def test_a_long_list_comes_in_pages(pods: Pods, proxy: FaultProxy) -> None:
    """The server's own continue tokens, 250 objects at a time."""
    pods.create(*(f"pod-{number}" for number in range(260)))
    with following(proxy, pods) as (informer, reported):
        wait_equal(informer, reported, pods, within_s=30.0)
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
    with following(proxy, pods) as (informer, reported):
        wait_equal(informer, reported, pods)
        before = len(proxy.requests)
        _FAULTS[fault](proxy)
        proxy.cut_streams()
        began_s = time.monotonic()
        if fault != "late by 5 s":  # which is slow, but in order
            # A watch may just have been under way, and opens yet.
            wait_for(lambda: _cut(proxy, informer), what="an error", within_s=30.0)
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
        wait_equal(informer, reported, pods, within_s=10.0 if fault == "late by 5 s" else 5.0)
        wait_for(lambda: informer.last_error is None, what="recovery", within_s=5.0)


def test_a_stream_that_is_cut_again_and_again_loses_nothing(pods: Pods, proxy: FaultProxy) -> None:
    """Each time it goes on from the last version; no list is needed."""
    with following(proxy, pods) as (informer, reported):
        wait_equal(informer, reported, pods)
        for number in range(10):
            proxy.cut_streams()
            pods.create(f"pod-{number}")
            pods.paint(f"pod-{number}", "blue")
        wait_equal(informer, reported, pods)
        assert informer.last_error is None
    assert len(_lists(proxy)) == 1


def test_a_server_that_has_forgotten_the_version_is_listed_again(
    control_plane: ControlPlane, pods: Pods, proxy: FaultProxy
) -> None:
    """After a restart it knows nothing of before, and says 410."""
    with following(proxy, pods) as (informer, reported):
        wait_equal(informer, reported, pods)
        proxy.refuse()
        wait_for(lambda: informer.last_error, what="an error")
        pods.delete("a")
        pods.create("d")
        control_plane.stop_api()
        control_plane.start_api()
        proxy.heal()
        wait_equal(informer, reported, pods, within_s=10.0)
    assert len(_lists(proxy)) >= 2


def test_etcd_may_be_restarted(control_plane: ControlPlane, pods: Pods, proxy: FaultProxy) -> None:
    """The API server goes on, and so do we."""
    with following(proxy, pods) as (informer, reported):
        wait_equal(informer, reported, pods)
        control_plane.stop_etcd()
        control_plane.start_etcd()
        wait_for(lambda: _possible(lambda: pods.create("d")), what="the API server finds etcd again", within_s=30.0)
        wait_equal(informer, reported, pods)


def test_a_version_from_the_future_is_forgotten(pods: Pods, proxy: FaultProxy) -> None:
    """When etcd was restored from a backup, the version we know is one that has not been yet."""
    with following(proxy, pods, idle_s=1.0, trust_s=2.0) as (informer, reported):
        wait_equal(informer, reported, pods)
        informer._version = "999999999"
        proxy.cut_streams()
        pods.create("d")
        wait_equal(informer, reported, pods, within_s=30.0)


def _cut(proxy: FaultProxy, informer: Informer[str]) -> str | None:
    proxy.cut_streams()
    return informer.last_error


def _lists(proxy: FaultProxy) -> list[str]:
    return [request.path for request in proxy.requests if request.status == 200 and "watch=true" not in request.path]


def _possible(action: Callable[[], None]) -> bool:
    try:
        action()
    except Exception:  # noqa: BLE001 - whatever the server says while it looks for etcd
        return False
    return True

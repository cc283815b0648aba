"""Two electors at a real API server that one of them cannot reach in order."""

from __future__ import annotations

import threading
from collections.abc import Callable

import pytest

from control_plane import FaultProxy
from detnet.kubernetes.client.api import Api, ClusterAccess, connect
from detnet.kubernetes.client.leader_election import LeaderElector
from kubernetes_client.leases import NAME, TIMES, lease_path, standing, wait_leading
from support import wait_for

_FAULTS: dict[str, Callable[[FaultProxy], None]] = {
    "refuses": lambda proxy: proxy.refuse(),
    "hangs": lambda proxy: proxy.hang(),
    "late by 5 s": lambda proxy: proxy.delay(5.0),
    "500": lambda proxy: proxy.answer(500),
    "429": lambda proxy: proxy.answer(429, retry_after=1),
    "409 to every write": lambda proxy: proxy.answer(409, match=lambda method, _: method == "PUT"),
}


@pytest.mark.parametrize("fault", _FAULTS)
def test_a_leader_in_trouble_has_stopped_before_another_begins(
    namespace: str, real: Api, proxy: FaultProxy, fault: str
) -> None:
    """Its window ends by itself, its successor's begins later, and when all is well again it stays a follower."""
    with standing(connect(ClusterAccess(proxy.kubeconfig)), namespace, "deposed") as deposed:
        wait_leading(deposed)
        with standing(real, namespace, "healthy") as healthy:
            wait_for(lambda: healthy.holder == "deposed", what="the follower has seen the leader")
            _FAULTS[fault](proxy)
            began_s = wait_leading(healthy)
            assert not deposed.leading
            assert deposed.deadline_s < began_s
            proxy.heal()
            wait_for(
                lambda: deposed.holder == "healthy" and deposed.last_error is None, what="the old leader sees the new"
            )
            assert (deposed.leading, healthy.leading) == (False, True)


def test_one_lost_renewal_does_not_end_a_leadership(namespace: str, proxy: FaultProxy) -> None:
    """The renewal is tried again in time."""
    changes: list[bool] = []
    with standing(connect(ClusterAccess(proxy.kubeconfig)), namespace, "one") as elector:
        elector.on_change = changes.append
        wait_leading(elector)
        for _ in range(3):
            proxy.refuse()
            wait_for(lambda: elector.last_error, what="a failed renewal")
            proxy.heal()
            wait_for(lambda: elector.last_error is None, what="a renewal")
    assert changes == [True]


def test_release_during_an_attempt_wins(namespace: str, proxy: FaultProxy, real: Api) -> None:
    """SIGTERM may come while a renewal is under way: its answer must not make a leader again."""
    elector = LeaderElector(connect(ClusterAccess(proxy.kubeconfig)), namespace, NAME, "robot", TIMES)
    elector.step()
    proxy.delay(0.2)
    attempt = threading.Thread(target=elector.step)
    attempt.start()
    wait_for(lambda: proxy.count("PUT") == 1, what="the renewal is under way")
    elector.release()
    attempt.join()
    assert not elector.leading
    assert real.request("GET", lease_path(namespace))["spec"]["holderIdentity"] == ""

"""What a failing API server does to the caps: nothing is lost, nothing is hammered, and soon after it is all right."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import pytest

from control_plane import FaultProxy
from detnet.kubernetes.caps.domains import Critical
from detnet.kubernetes.caps.reconciler import CapReconciler
from detnet.kubernetes.client.api import Api, ClusterAccess, connect
from detnet.model.rate import Rate
from kubernetes_caps.site import ALL_RIGHT, M, Site, target
from support import wait_for

# Longer than the longest pause of writer and mirrors, so that they are at their most patient when it ends.
FAULT_S = 5.0
FAULTS: dict[str, Callable[[FaultProxy], None]] = {
    "refused connections": lambda proxy: proxy.refuse(),
    "a server that hangs": lambda proxy: proxy.hang(),
    "500 to everything": lambda proxy: proxy.answer(500),
    "500 to patches": lambda proxy: proxy.answer(500, match=lambda method, _path: method == "PATCH"),
    "403 to patches": lambda proxy: proxy.answer(403, match=lambda method, _path: method == "PATCH"),
    "a storm of 429": lambda proxy: proxy.answer(429, retry_after=1),
    "5 s of latency": lambda proxy: proxy.delay(5.0),
    "broken watches": lambda proxy: proxy.cut_streams(),
}


@pytest.fixture
def proxy(site: Site) -> Iterator[FaultProxy]:
    """Something between us and the real server that can fail."""
    with site.plane.proxy() as proxy:
        yield proxy


@pytest.fixture
def through(proxy: FaultProxy) -> Iterator[Api]:
    """A client that goes through it."""
    api = connect(ClusterAccess(proxy.kubeconfig))
    yield api
    api.close()


def _capped(cluster: CapReconciler, site: Site, mbps: int) -> str:
    name = target(site.namespace, "upload")
    wait_for(lambda: [d.pods.keys() for d in cluster.domains()] == [{name}], what="the pods are known", within_s=20.0)
    cluster.actuator("node-1").apply({name: Rate(mbps * M)})
    wait_for(lambda: cluster.actuator("node-1").read() == {name: Rate(mbps * M)}, what="the cap is in force")
    return name


def _pass(cluster: CapReconciler, caps: dict[str, Rate]) -> None:
    """Do what a pass of the loop does."""
    actuator = cluster.actuator("node-1")
    if actuator.read() != caps:
        actuator.apply(caps)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_is_outlasted_without_a_tight_loop(site: Site, proxy: FaultProxy, through: Api, fault: str) -> None:
    """Twenty pods are to be cut while it lasts; five seconds after its end they are, as is one that came meanwhile."""
    site.workload("upload", 20)
    with site.pods_run(), site.cluster(through) as cluster:
        site.wait_running("upload", 20)
        name = _capped(cluster, site, 400)
        began_s = time.monotonic()
        FAULTS[fault](proxy)
        site.scale("upload", 21)
        while time.monotonic() < began_s + FAULT_S:
            _pass(cluster, {name: Rate(210 * M)})
            time.sleep(0.25)  # the pace of a loop, not a wait for something
        asked = [one for one in list(proxy.requests) if one.at_s >= began_s]
        lasted_s = time.monotonic() - began_s
        proxy.heal()

        def right() -> bool:
            _pass(cluster, {name: Rate(210 * M)})
            return site.caps("upload") == ["10M"] * 21

        wait_for(right, what="all pods are right", within_s=5.0)
        wait_for(lambda: not cluster.problems(), what="and nothing is complained about")
    patches = [one for one in asked if one.method == "PATCH"]
    # Shares of twenty and then of twenty-one, and the new pod's first one when it is bound to its node.
    shares = 20 + 21 + 1
    # Each pod once, and retries: of refusals five a second; of failures one a pause, of which the shortest are 0.05,
    # 0.1 and 0.2 s, and the others 0.4 s or more.
    retries = {"broken watches": 0.0, "403 to patches": lasted_s / 0.2 + 1}.get(fault, 3 + lasted_s / 0.4 + 1)
    assert len(patches) <= (shares if fault == "broken watches" else 21 + retries + 1)
    assert len(asked) - len(patches) <= 4 * (4 + 2 * lasted_s)


def test_a_pod_that_is_deleted_while_it_is_written_is_forgotten(site: Site, proxy: FaultProxy, through: Api) -> None:
    """The answer 404 is an end, not a failure."""
    site.workload("upload", 3)
    with site.pods_run(), site.cluster(through) as cluster:
        site.wait_running("upload", 3)
        name = _capped(cluster, site, 300)
        before = proxy.count("PATCH")  # three, and one more where a pod changed in the same moment
        proxy.delay(0.5)
        cluster.actuator("node-1").apply({name: Rate(30 * M)})
        wait_for(lambda: proxy.count("PATCH") == before + 3, what="three patches are under way")
        site.scale("upload", 0)
        proxy.heal()
        wait_for(lambda: cluster.figures().waiting + cluster.figures().in_flight == 0, what="nothing is left to do")
        assert cluster.figures().failed == 0
        assert cluster.problems() == ()


def test_a_cut_overtakes_the_raises_that_wait(site: Site, proxy: FaultProxy, through: Api) -> None:
    """One writer, a slow server, and ten raises in the queue: the cut is the next to be sent."""
    for name in ("upload", "backup"):
        site.workload(name, 10)
    with site.pods_run(), site.cluster(through, workers=1) as cluster:
        upload, backup = (target(site.namespace, name) for name in ("upload", "backup"))
        site.wait_running("upload", 10)
        site.wait_running("backup", 10)
        wait_for(lambda: [len(p) for d in cluster.domains() for p in d.pods.values()] == [10, 10], what="all are known")
        actuator = cluster.actuator("node-1")
        actuator.apply({upload: Rate(100 * M), backup: Rate(100 * M)})
        wait_for(lambda: actuator.read() == {upload: Rate(100 * M), backup: Rate(100 * M)}, what="both are capped")
        proxy.delay(0.2)
        before = len(proxy.requests)
        actuator.apply({upload: Rate(200 * M), backup: Rate(100 * M)})
        wait_for(lambda: len(proxy.requests) > before, what="the first raise is under way")
        actuator.apply({upload: Rate(200 * M), backup: Rate(50 * M)})
        done = {upload: Rate(200 * M), backup: Rate(50 * M)}
        wait_for(lambda: actuator.read() == done, what="all is written")
        order = ["backup" in one.path for one in proxy.requests[before:] if one.method == "PATCH"]
    first_cut = order.index(True)
    assert first_cut <= 2
    assert order[first_cut : first_cut + 10] == [True] * 10


def test_what_fails_is_told_and_taken_back_when_it_is_over(site: Site, proxy: FaultProxy, through: Api) -> None:
    """A policy that refuses our patches is named; once it is gone, nothing is."""
    site.workload("upload", 7)
    with site.pods_run(), site.cluster(through) as cluster:
        site.wait_running("upload", 7)
        name = _capped(cluster, site, 70)
        proxy.answer(403, match=lambda method, _path: method == "PATCH")
        cluster.actuator("node-1").apply({name: Rate(7 * M)})
        wait_for(lambda: any("2 objects more" in told for told in cluster.problems()), what="it is told")
        told = cluster.problems()
        assert len(told) == 6
        assert told[0].startswith(f"Pod {site.namespace}/upload-")
        assert "its cap cannot be written" in told[0]
        proxy.heal()
        wait_for(lambda: cluster.problems() == (), what="nothing is told any more")


def test_before_the_first_list_only_its_trouble_is_told(site: Site, proxy: FaultProxy, through: Api) -> None:
    """A pod that was not listed yet is not a pod that is not there."""
    proxy.refuse()
    critical = (Critical("robot-control", site.namespace, "robot-control"),)
    plan = replace(ALL_RIGHT, namespaces=(site.namespace,), critical=critical)
    cluster = CapReconciler(through, plan, lambda: time.monotonic() + 60.0)
    assert cluster.problems() == ()
    cluster.start()
    try:
        wait_for(cluster.problems, what="the trouble is told")
        assert not [told for told in cluster.problems() if "robot-control" in told]
    finally:
        cluster.close()

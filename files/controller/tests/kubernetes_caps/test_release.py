"""After a release every object is as it was before us."""

from __future__ import annotations

import time
from typing import Any

from detnet.kubernetes.caps.release import Released, release
from detnet.kubernetes.client.api import Api, ClusterAccess, connect
from detnet.model.annotations import EGRESS
from detnet.model.rate import Rate
from kubernetes_caps.site import M, Site, target
from support import wait_for


def _always() -> float:
    return time.monotonic() + 60.0


def _annotations(site: Site) -> dict[str, Any]:
    return {one["metadata"]["name"]: one["metadata"].get("annotations", {}) for one in site.pods()}


def _capped(site: Site, api: Api) -> dict[str, Any]:
    """Cap two workloads, one of which has a cap of its own, and return what the pods had before."""
    site.workload("upload", 3)
    site.workload("backup", 2, on_pods={EGRESS: "0.5G", "team": "b"})
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 3)
        site.wait_running("backup", 2)
        before = _annotations(site)
        wait_for(lambda: len(cluster.domains()) == 1 and len(cluster.domains()[0].pods) == 2, what="both are known")
        names = {target(site.namespace, name): Rate(60 * M) for name in ("upload", "backup")}
        cluster.actuator("node-1").apply(names)
        wait_for(lambda: cluster.actuator("node-1").read() == names, what="the caps are in force")
    assert _annotations(site) != before
    return before


def test_every_pod_is_put_back_without_a_controller_and_doing_it_again_does_nothing(site: Site, api: Api) -> None:
    """What a person had set is there again to the letter."""
    before = _capped(site, api)
    assert release(api, [site.namespace], _always) == Released(pods=5, templates=0)
    assert _annotations(site) == before
    assert release(api, [site.namespace], _always) == Released(pods=0, templates=0)


def test_pods_that_went_meanwhile_are_no_trouble(site: Site, api: Api) -> None:
    """They took their caps with them."""
    _capped(site, api)
    site.delete(site.pods("upload")[0]["metadata"]["name"], kind="Pod")
    report = release(api, [site.namespace], _always)
    assert report.left == ()
    assert 4 <= report.pods <= 5


def test_a_failing_api_server_is_outlasted(site: Site, api: Api) -> None:
    """The release tries again until its time is over."""
    before = _capped(site, api)
    with site.plane.proxy() as proxy:
        through = connect(ClusterAccess(proxy.kubeconfig))
        failures = iter([True] * 3)
        proxy.answer(500, match=lambda method, _path: method == "PATCH" and next(failures, False))
        assert release(through, [site.namespace], _always) == Released(pods=5, templates=0)
        through.close()
    assert _annotations(site) == before


def test_what_could_not_be_put_back_is_named_with_the_reason(site: Site, api: Api) -> None:
    """The exit of the command is made from it."""
    _capped(site, api)
    with site.plane.proxy() as proxy:
        through = connect(ClusterAccess(proxy.kubeconfig))
        proxy.answer(403, match=lambda method, _path: method == "PATCH")
        report = release(through, [site.namespace], _always, timeout_s=3.0)
        through.close()
    assert (report.pods, report.templates) == (0, 0)
    assert sum(told.startswith(f"Pod {site.namespace}/") for told in report.left) >= 5
    assert any("403" in told or "cannot be written" in told for told in report.left)


def test_without_the_right_to_write_nothing_is_tried(site: Site, api: Api) -> None:
    """Another process holds the lease: its caps are its own to take back."""
    _capped(site, api)
    report = release(api, [site.namespace], lambda: None)
    assert (report.pods, len(report.left)) == (0, 5)


def test_a_namespace_that_may_not_be_read_is_named_and_the_others_are_released(site: Site, api: Api) -> None:
    """The command's exit is an error, since what is there may still carry our caps."""
    before = _capped(site, api)
    with site.plane.proxy() as proxy:
        through = connect(ClusterAccess(proxy.kubeconfig))
        proxy.answer(403, match=lambda _method, path: "/namespaces/cell-7/" in path)
        report = release(through, [site.namespace, "cell-7"], _always)
        through.close()
    assert (report.pods, report.templates) == (5, 0)
    (told,) = report.left
    assert told.startswith("namespace cell-7 is not served: ")
    assert "403" in told
    assert _annotations(site) == before

"""Pod templates are touched only where the plan says so, and each write of one is a restart that somebody asked for."""

from __future__ import annotations

import logging
import math
import time
from dataclasses import replace
from typing import Any

import pytest

from detnet.kubernetes.caps.domains import Critical
from detnet.kubernetes.caps.release import Released, release
from detnet.kubernetes.caps.work_queue import RateLimits
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.objects.targets import EVERYTHING
from detnet.model.annotations import CRITICAL, EGRESS, PRIOR, PRIOR_PRIORITY, PRIORITY
from detnet.model.rate import Rate
from kubernetes_caps.site import ALL_RIGHT, M, Site, target
from support import wait_for

ROLLOUT = replace(ALL_RIGHT, rollout=True)


def _template(site: Site, name: str) -> dict[str, str]:
    found: dict[str, Any] = site.get("Deployment", name)["spec"]["template"]["metadata"].get("annotations", {})
    return found


def _wait_template(site: Site, name: str, annotations: dict[str, str]) -> None:
    wait_for(lambda: _template(site, name) == annotations, what=f"the template has {annotations}", within_s=20.0)


def _always() -> float:
    return time.monotonic() + 60.0


def test_in_rollout_mode_the_template_carries_the_cap_and_new_pods_are_born_with_it(site: Site, api: Api) -> None:
    """The v1 controller's way: the whole cluster is one domain, and a change restarts the pods."""
    site.workload("upload", 2)
    with site.pods_run("node-1", "node-2"), site.cluster(api, ROLLOUT) as cluster:
        site.wait_running("upload", 2)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("cluster")
        wait_for(lambda: cluster.domains() and actuator.read() == {name: None}, what="the pods are known")
        before = {one["metadata"]["uid"] for one in site.pods()}
        actuator.apply({name: Rate(80 * M)})
        wait_for(lambda: actuator.read() == {name: Rate(80 * M)}, what="all pods are new and capped", within_s=30.0)
        assert not before & {one["metadata"]["uid"] for one in site.pods()}
        assert _template(site, "upload") == {EGRESS: "40M", PRIOR: ""}
        assert len(site.replica_sets()) == 2


def test_in_rollout_mode_even_a_cut_waits_for_its_turn(site: Site, api: Api) -> None:
    """Restarting the pods at each pass would be worse than any cap."""
    site.workload("upload", 1)
    rate_limits = RateLimits(template_every_s=3.0)
    with site.pods_run(), site.cluster(api, ROLLOUT, rate_limits=rate_limits) as cluster:
        site.wait_running("upload", 1)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("cluster")
        wait_for(lambda: cluster.domains() and actuator.read() == {name: None}, what="the pods are known")
        written_s = []
        for mbps in (80, 20):
            actuator.apply({name: Rate(mbps * M)})
            _wait_template(site, "upload", {EGRESS: f"{mbps}M", PRIOR: ""})
            written_s.append(time.monotonic())
        assert written_s[1] - written_s[0] > 2.5


def test_the_safe_cap_goes_into_the_template_once(site: Site, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """It restarts the pods, which is said; whoever takes it out again is not fought with further restarts."""
    site.workload("upload", 1)
    plan, quick = replace(ALL_RIGHT, template_cap=Rate(5 * M)), RateLimits(template_every_s=0.1)
    with caplog.at_level(logging.WARNING), site.pods_run(), site.cluster(api, plan, rate_limits=quick) as cluster:
        wait_for(lambda: _template(site, "upload").get(EGRESS) == "5M", what="the template has it", within_s=20.0)
        assert "restarts its pods" in caplog.text
        wait_for(lambda: site.caps("upload") == ["5M"], what="the new pod is born with it", within_s=20.0)
        site.patch("upload", {"spec": {"template": {"metadata": {"annotations": {EGRESS: None, PRIOR: None}}}}})
        wait_for(lambda: site.caps("upload") == [None], what="somebody took it out", within_s=20.0)
        site.scale("upload", 2)
        site.wait_running("upload", 2)
        wait_for(lambda: sum(len(p) for d in cluster.domains() for p in d.pods.values()) == 2, what="both are seen")
        cluster.settle()
        wait_for(lambda: cluster.figures().waiting + cluster.figures().in_flight == 0, what="nothing is left to do")
        assert EGRESS not in _template(site, "upload")


def test_a_standby_orders_nothing_and_does_once_it_leads(site: Site, api: Api) -> None:
    """Its right to write lies in the past until then."""
    site.workload("upload", 1)
    ends_s = [0.0]
    plan = replace(ALL_RIGHT, template_cap=Rate(5 * M))
    with site.pods_run(), site.cluster(api, plan, may_write=lambda: ends_s[-1]) as cluster:
        wait_for(cluster.domains, what="the pod is known", within_s=20.0)
        cluster.settle()
        assert cluster.figures().waiting == 0
        ends_s.append(math.inf)
        cluster.activate()
        _wait_template(site, "upload", {EGRESS: "5M", PRIOR: ""})


def test_release_puts_templates_back_as_well(site: Site, api: Api) -> None:
    """And with them the pods, by the restart that undoing costs."""
    site.workload("upload", 1, on_pods={EGRESS: "90M"})
    with site.pods_run():
        with site.cluster(api, replace(ALL_RIGHT, template_cap=Rate(5 * M))):
            wait_for(lambda: site.caps("upload") == ["5M"], what="it is in force", within_s=20.0)
        assert release(api, [site.namespace], _always).templates == 1
        assert _template(site, "upload") == {EGRESS: "90M"}
        wait_for(lambda: site.caps("upload") == ["90M"], what="the pods are as they were", within_s=20.0)
        assert release(api, [site.namespace], _always) == Released(0, 0)


def test_critical_pods_get_their_priority_by_the_template_where_asked_and_never_a_cap(site: Site, api: Api) -> None:
    """Cilium 1.18.3 reads a priority alone only when a pod starts."""
    site.workload("robot", 1, role=CRITICAL, on_pods={PRIORITY: "burstable"})
    site.workload("scanner", 1, role=None)
    plan = replace(
        ALL_RIGHT,
        critical=(Critical("scanner", site.namespace, "scanner"),),
        critical_priority="guaranteed",
        delegation=EVERYTHING,
    )
    with site.pods_run(), site.cluster(api, plan):
        for name, prior in (("robot", "burstable"), ("scanner", "")):
            _wait_template(site, name, {PRIORITY: "guaranteed", PRIOR_PRIORITY: prior})


def test_templates_are_left_alone_by_default(site: Site, api: Api) -> None:
    """A live cap restarts nothing, on targets and on critical workloads."""
    site.workload("upload", 1)
    site.workload("robot", 1, role=CRITICAL)
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 1)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("node-1")
        wait_for(lambda: cluster.domains() and actuator.read() == {name: None}, what="the pods are known")
        actuator.apply({name: Rate(80 * M)})
        site.wait_caps("upload", ["80M"])
        assert (_template(site, "upload"), _template(site, "robot")) == ({}, {})


def test_a_priority_for_best_effort_is_written_live_with_the_cap(site: Site, api: Api) -> None:
    """In one patch and with a changed text of the cap, or Cilium 1.18.3 would not look."""
    site.workload("upload", 1, on_pods={EGRESS: "80M"})
    with site.pods_run(), site.cluster(api, replace(ALL_RIGHT, priority="bestEffort")) as cluster:
        site.wait_running("upload", 1)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("node-1")
        wait_for(lambda: cluster.domains() and actuator.read() == {name: Rate(80 * M)}, what="the pods are known")
        actuator.apply({name: Rate(80 * M)})
        site.wait_caps("upload", ["80000000"])
        (pod,) = site.pods()
        assert pod["metadata"]["annotations"] == {
            EGRESS: "80000000", PRIOR: "80M", PRIORITY: "bestEffort", PRIOR_PRIORITY: "",
        }  # fmt: skip
    assert release(api, [site.namespace], _always).pods == 1
    assert site.pods()[0]["metadata"]["annotations"] == {EGRESS: "80M"}

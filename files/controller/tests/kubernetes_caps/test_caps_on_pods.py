"""Caps reach running pods on a real API server, and nothing else is touched."""

from __future__ import annotations

import threading

from detnet.kubernetes.client.api import Api
from detnet.model.annotations import EGRESS, PRIOR
from detnet.model.rate import Rate
from kubernetes_caps.site import M, Site, cap, target
from support import wait_for


def test_a_cap_is_written_to_the_running_pods_and_restarts_none(site: Site, api: Api) -> None:
    """The same pods, the same ReplicaSet, and half of the budget for each of two."""
    site.workload("upload", 2)
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 2)
        before, sets = {one["metadata"]["uid"] for one in site.pods()}, site.replica_sets()
        name = target(site.namespace, "upload")
        wait_for(lambda: [d.pods.keys() for d in cluster.domains()] == [{name}], what="the domain is known")
        actuator = cluster.actuator("node-1")
        assert actuator.read() == {name: None}
        assert actuator.apply({name: Rate(80 * M)}) == {}
        wait_for(lambda: actuator.read() == {name: Rate(80 * M)}, what="it is read back")
        assert site.caps("upload") == ["40M", "40M"]
        assert ({one["metadata"]["uid"] for one in site.pods()}, site.replica_sets()) == (before, sets)


def test_the_cap_in_force_is_what_all_pods_have_together(site: Site, api: Api) -> None:
    """Somebody takes one pod's cap off: the whole counts as unlimited until it is back."""
    site.workload("upload", 2)
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 2)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("node-1")
        wait_for(lambda: actuator.read() == {name: None}, what="the pods are known")
        actuator.apply({name: Rate(80 * M)})
        wait_for(lambda: actuator.read() == {name: Rate(80 * M)}, what="it is in force")
        site.patch(site.pods()[0]["metadata"]["name"], {"metadata": {"annotations": {EGRESS: None}}}, kind="Pod")
        wait_for(lambda: actuator.read() == {name: None}, what="the drift is seen")
        actuator.apply({name: Rate(80 * M)})
        wait_for(lambda: actuator.read() == {name: Rate(80 * M)}, what="it is put back")


def test_what_a_person_had_set_is_remembered_and_a_text_that_is_no_rate_too(site: Site, api: Api) -> None:
    """Release will need it to the letter."""
    site.workload("upload", 1, on_pods={EGRESS: "10m"})
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 1)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("node-1")
        wait_for(lambda: actuator.read() == {name: None}, what="10m counts as no cap")
        actuator.apply({name: Rate(20 * M)})
        wait_for(lambda: site.caps("upload") == ["20M"], what="the cap is written")
        assert site.pods("upload")[0]["metadata"]["annotations"][PRIOR] == "10m"


def test_pods_are_capped_by_node_each_with_its_part(site: Site, api: Api) -> None:
    """A decision for one node reaches the pods of that node alone."""
    site.workload("upload", 2)
    with site.pods_run("node-1", "node-2"), site.cluster(api) as cluster:
        site.wait_running("upload", 2)
        wait_for(lambda: len(cluster.domains()) == 2, what="both nodes are known")
        assert [d.claims[0].maximum_bps for d in cluster.domains()] == [500 * M, 500 * M]
        cluster.actuator("node-2").apply({target(site.namespace, "upload"): Rate(30 * M)})
        wait_for(lambda: None in site.caps() and "30M" in site.caps(), what="one pod is capped")
        assert {one["spec"]["nodeName"]: cap(one) for one in site.pods()} == {"node-1": None, "node-2": "30M"}


def test_nothing_is_written_without_the_right_to(site: Site, api: Api) -> None:
    """The lease is asked for right before each write, and what could not be written is forgotten."""
    site.workload("upload", 1)
    may = threading.Event()
    with site.pods_run(), site.cluster(api, may_write=lambda: float("inf") if may.is_set() else None) as cluster:
        site.wait_running("upload", 1)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("node-1")
        wait_for(lambda: actuator.read() == {name: None}, what="the pods are known")
        may.set()
        cluster._writer._may_write = lambda: None  # it lapses between the decision and the write
        actuator.apply({name: Rate(20 * M)})
        wait_for(lambda: cluster.figures().waiting == 0, what="the wish is forgotten")
        cluster._writer._may_write = lambda: float("inf")
        assert site.caps("upload") == [None]
        assert cluster.figures().written == 0


def test_a_workload_that_is_a_target_no_more_gets_back_what_it_had(site: Site, api: Api) -> None:
    """Taking the label off is enough."""
    site.workload("upload", 2, on_pods={EGRESS: "70M"})
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 2)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("node-1")
        wait_for(lambda: actuator.read() == {name: Rate(140 * M)}, what="the pods are known")
        actuator.apply({name: Rate(20 * M)})
        site.wait_caps("upload", ["10M", "10M"])
        site.patch("upload", {"metadata": {"labels": {"qos.detnet.io/class": None}}})
        site.wait_caps("upload", ["70M", "70M"])
        assert all(PRIOR not in one["metadata"]["annotations"] for one in site.pods())


def test_a_critical_workload_never_carries_our_cap(site: Site, api: Api) -> None:
    """It claims to be best effort, is labelled critical later, and is freed."""
    site.workload("upload", 1)
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 1)
        name, actuator = target(site.namespace, "upload"), cluster.actuator("node-1")
        wait_for(lambda: actuator.read() == {name: None}, what="the pods are known")
        actuator.apply({name: Rate(20 * M)})
        site.wait_caps("upload", ["20M"])
        site.patch("upload", {"metadata": {"labels": {"qos.detnet.io/class": "critical"}}})
        site.wait_caps("upload", [None])
        assert cluster.domains() == ()
        actuator.apply({name: Rate(20 * M)})
        assert cluster.figures().waiting == 0

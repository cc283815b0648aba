"""Workloads are scaled, rolled, deleted and re-created under a running controller: running pods hold their share."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest

from detnet.kubernetes.caps.reconciler import CapReconciler
from detnet.kubernetes.client.api import Api, ClusterAccess, connect
from detnet.model.annotations import EGRESS, PRIOR
from detnet.model.rate import Rate
from kubernetes_caps.site import M, Site, cap, target
from support import wait_for

NAMES = ("upload", "backup", "report")


class Loop:
    """What the control loop does with an actuator, at its pace: decide the same cap again and again."""

    def __init__(self, cluster: CapReconciler, caps: dict[str, Rate]) -> None:
        self.caps = caps
        self._cluster = cluster

    @contextmanager
    def running(self) -> Iterator[None]:
        """Make passes until the end of the block."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,))
        thread.start()
        yield
        stop.set()
        thread.join()

    def _run(self, stop: threading.Event) -> None:
        while not stop.wait(0.5):
            for domain in self._cluster.domains():
                actuator = self._cluster.actuator(domain.name)
                caps = {name: self.caps[name] for name in domain.pods}
                if actuator.read() != caps:
                    actuator.apply(caps)


class Witness:
    """Looks at the server all the time, and notes for how long a running pod has been without a cap of ours."""

    def __init__(self, site: Site) -> None:
        self.longest_s = 0.0
        self.seen = 0
        self._site = site

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Look until the end of the block."""
        stop = threading.Event()
        thread = threading.Thread(target=self._run, args=(stop,))
        thread.start()
        yield
        stop.set()
        thread.join()

    def _run(self, stop: threading.Event) -> None:
        since_s: dict[str, float] = {}
        known: set[str] = set()
        while not stop.wait(0.05):
            bare = set()
            for one in self._site.pods():
                uid = one["metadata"]["uid"]
                known.add(uid)
                if PRIOR not in one["metadata"].get("annotations", {}):
                    bare.add(uid)
            now_s = time.monotonic()
            since_s = {uid: since_s.get(uid, now_s) for uid in bare}
            self.longest_s = max([self.longest_s, *(now_s - began_s for began_s in since_s.values())])
            self.seen = len(known)


def test_every_running_pod_holds_its_share_within_two_seconds(site: Site, api: Api) -> None:
    """Three Deployments are scaled, rolled, deleted and re-created, and no ReplicaSet is ours."""
    witness = Witness(site)
    with site.pods_run(), site.cluster(api) as cluster, witness.watching():
        loop = Loop(cluster, {target(site.namespace, name): Rate(60 * M) for name in NAMES})
        with loop.running():
            for name in NAMES:
                site.workload(name, 2)
            for name in NAMES:
                site.wait_caps(name, ["30M"] * 2, within_s=30.0)
            site.scale("upload", 6)
            site.roll("backup")
            site.delete("report")
            site.wait_caps("upload", ["10M"] * 6, within_s=30.0)
            site.workload("report", 3)
            site.wait_caps("report", ["20M"] * 3, within_s=30.0)
            site.scale("upload", 1)
            site.wait_caps("upload", ["60M"], within_s=30.0)
            wait_for(lambda: len(site.pods("backup")) == 2, what="the rollout ends", within_s=30.0)
            site.wait_caps("backup", ["30M"] * 2, within_s=30.0)
    assert witness.seen >= 2 + 2 + 2 + 4 + 2 + 3
    assert witness.longest_s < 2.0
    assert (
        len(site.replica_sets()) == 3 + 1
    )  # one for each Deployment, one more for the rollout that a person asked for


def test_a_new_pod_gets_its_share_without_a_further_decision(site: Site, api: Api) -> None:
    """Between two passes, from what was decided last; the others make room."""
    site.workload("upload", 2)
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 2)
        wait_for(lambda: len(cluster.domains()) == 1, what="the domain is known")
        cluster.actuator("node-1").apply({target(site.namespace, "upload"): Rate(60 * M)})
        site.wait_caps("upload", ["30M"] * 2)
        site.scale("upload", 3)
        site.wait_caps("upload", ["20M"] * 3)


@pytest.mark.parametrize("kind", ["StatefulSet", "DaemonSet"])
def test_other_kinds_are_capped_alike(site: Site, api: Api, kind: str) -> None:
    """They differ in how their pods are named and placed, and in nothing else that matters here."""
    nodes = ("node-1",) if kind == "StatefulSet" else ("node-1", "node-2")
    with site.pods_run(*nodes):
        site.workload("upload", 2, kind=kind)
        with site.cluster(api) as cluster:
            wait_for(lambda: len(cluster.domains()) == len(nodes), what="the domains are known", within_s=30.0)
            with Loop(cluster, {target(site.namespace, "upload", kind.lower()): Rate(20 * M)}).running():
                share = "10M" if kind == "StatefulSet" else "20M"
                wait_for(lambda: len(site.pods()) >= 2, what="the pods run", within_s=30.0)
                wait_for(lambda: set(site.caps("upload")) == {share}, what="all are capped")


def test_a_pod_that_came_in_anothers_place_never_gets_the_old_ones_patch(site: Site) -> None:
    """A StatefulSet's pod is deleted while a patch for it is on its way; the new one has the name and not the uid."""
    site.workload("upload", 1, kind="StatefulSet")
    with site.plane.proxy() as proxy, site.pods_run():
        api = connect(ClusterAccess(proxy.kubeconfig))
        with site.cluster(api) as cluster:
            wait_for(lambda: len(cluster.domains()) == 1, what="the domain is known", within_s=20.0)
            name, actuator = target(site.namespace, "upload", "statefulset"), cluster.actuator("node-1")
            actuator.apply({name: Rate(66 * M)})
            site.wait_caps("upload", ["66M"])
            old = site.pods()[0]["metadata"]["uid"]
            proxy.delay(1.0)
            actuator.apply({name: Rate(33 * M)})
            wait_for(lambda: proxy.count("PATCH") == 2, what="the patch is on its way")
            cluster.deactivate()  # so that no decision of ours waits for the new pod
            site.delete("upload-0", kind="Pod")
            wait_for(lambda: site.pods() and site.pods()[0]["metadata"]["uid"] != old, what="a new pod", within_s=20.0)
            wait_for(lambda: proxy.requests[-1].status is not None, what="the patch has arrived")
            proxy.heal()
            wait_for(lambda: cluster.figures().in_flight == 0, what="the writer is done")
            answers = [one.status for one in proxy.requests if one.method == "PATCH"]
        api.close()
    assert answers[:2] == [200, 422]
    assert cap(site.get("Pod", "upload-0")) is None


def test_a_cap_set_in_the_same_moment_is_remembered_and_not_lost(site: Site, api: Api) -> None:
    """The first patch is made for one version of the pod, so a cap from in between is seen before it is covered."""
    site.workload("upload", 1)
    with site.pods_run(), site.cluster(api) as cluster:
        wait_for(lambda: len(cluster.domains()) == 1, what="the domain is known", within_s=20.0)
        pod = site.pods()[0]["metadata"]["name"]
        subject = cluster._cache.subject

        def late(ref: object) -> object:
            known = subject(ref)  # type: ignore[arg-type]
            if cap(site.get("Pod", pod)) is None:
                site.patch(pod, {"metadata": {"annotations": {EGRESS: "77M"}}}, kind="Pod")
            return known

        cluster._writer._subject = late  # type: ignore[assignment]
        cluster.actuator("node-1").apply({target(site.namespace, "upload"): Rate(20 * M)})
        site.wait_caps("upload", ["20M"])
        assert site.get("Pod", pod)["metadata"]["annotations"][PRIOR] == "77M"


def test_nothing_on_a_pod_changes_but_our_annotations(site: Site, api: Api) -> None:
    """Pods are compared before and after, as the server has them."""
    site.workload("upload", 2, on_pods={"team": "a"})
    with site.pods_run(), site.cluster(api) as cluster:
        site.wait_running("upload", 2)
        wait_for(lambda: len(cluster.domains()) == 1, what="the domain is known")
        before = site.pods()
        cluster.actuator("node-1").apply({target(site.namespace, "upload"): Rate(40 * M)})
        site.wait_caps("upload", ["20M"] * 2)
        after = site.pods()
    for one, other in zip(after, before, strict=True):
        assert one["metadata"].pop("annotations") == {"team": "a", EGRESS: "20M", PRIOR: ""}
        assert other["metadata"].pop("annotations") == {"team": "a"}
        for changing in ("resourceVersion", "managedFields"):
            one["metadata"].pop(changing)
            other["metadata"].pop(changing)
        assert one == other

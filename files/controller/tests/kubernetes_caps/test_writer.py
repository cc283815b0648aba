"""The writer writes only while it may, believes only what it reads back, and knows its own writes before their echo."""

from __future__ import annotations

import math
import threading
import time

from detnet.kubernetes.caps.cache import ClusterCache
from detnet.kubernetes.caps.reconciler import CapReconciler
from detnet.kubernetes.client.api import Api, ClusterAccess, connect
from detnet.kubernetes.objects.patches import Subject
from detnet.kubernetes.objects.workloads import POD, Ref, pod_of
from detnet.model.annotations import EGRESS
from detnet.model.rate import Rate
from kubernetes_caps.site import M, Site, target
from kubernetes_caps.webhook import rewriting_caps
from support import wait_for


def _known(cluster: CapReconciler, site: Site) -> str:
    name = target(site.namespace, "upload")
    wait_for(lambda: [d.pods.keys() for d in cluster.domains()] == [{name}], what="the pod is known", within_s=20.0)
    return name


def test_the_right_to_write_is_asked_for_right_before_the_write(site: Site, api: Api) -> None:
    """It lapses while the pod is being looked at: nothing is sent any more."""
    site.workload("upload", 1)
    may = threading.Event()
    may.set()
    with site.pods_run(), site.cluster(api, may_write=lambda: time.monotonic() + 60.0 if may.is_set() else None) as one:
        name, subject = _known(one, site), one._cache.subject
        looked = threading.Event()

        def late(ref: Ref) -> Subject | None:
            may.clear()
            looked.set()
            return subject(ref)

        one._writer._subject = late
        one.actuator("node-1").apply({name: Rate(20 * M)})
        wait_for(looked.is_set, what="a worker looks at the pod")
        wait_for(lambda: one.figures().in_flight == 0, what="it is done")
        assert (one.figures().written, one.figures().failed) == (0, 0)
        assert site.caps("upload") == [None]


def test_no_write_outlives_the_right_to_write(site: Site) -> None:
    """A server that hangs cannot hold a request beyond the end of the lease, when another may lead."""
    site.workload("upload", 1)
    ends_s = [math.inf]
    with site.plane.proxy() as proxy, site.pods_run():
        api = connect(ClusterAccess(proxy.kubeconfig))
        with site.cluster(api, may_write=lambda: ends_s[-1]) as cluster:
            name = _known(cluster, site)
            proxy.hang()
            ends_s.append(time.monotonic() + 1.0)
            cluster.actuator("node-1").apply({name: Rate(20 * M)})
            wait_for(lambda: cluster.figures().in_flight == 1, what="a write is under way")
            wait_for(lambda: time.monotonic() >= ends_s[-1], what="the lease has ended")
            assert cluster.figures().in_flight == 0
            proxy.heal()
        api.close()


def test_what_a_webhook_changed_is_not_taken_for_written(site: Site, api: Api) -> None:
    """The answer is read back, the difference is told, and the writer keeps trying until the webhook is gone."""
    site.workload("upload", 1)
    with site.pods_run(), site.cluster(api) as cluster:
        name = _known(cluster, site)
        with rewriting_caps(site):
            site.patch(site.pods()[0]["metadata"]["name"], {"metadata": {"annotations": {EGRESS: "1M"}}}, kind="Pod")
            wait_for(lambda: site.caps("upload") == ["900G"], what="the webhook is at work")
            cluster.actuator("node-1").apply({name: Rate(20 * M)})
            wait_for(lambda: "look for a webhook" in " ".join(cluster.problems()), what="it is told")
            assert cluster.figures().written == 0
        wait_for(lambda: cluster.actuator("node-1").read() == {name: Rate(20 * M)}, what="the cap is in force")
        wait_for(lambda: cluster.problems() == (), what="nothing is told any more")


def _raw(version: str, uid: str = "u", **annotations: str) -> dict[str, object]:
    metadata = {"namespace": "a", "name": "x", "uid": uid, "resourceVersion": version, "annotations": annotations}
    return {"metadata": metadata, "spec": {"nodeName": "node-1"}, "status": {"phase": "Running"}}


def test_our_own_write_counts_until_the_watch_tells_of_something_newer(api: Api) -> None:
    """An answer overtakes its echo; it must not hide what has been seen since, nor a new pod of that name."""
    ref = Ref(POD, "a", "x")
    for seen, answer, expected in (
        (_raw("1"), _raw("2", qos="ours"), "2"),
        (_raw("5"), _raw("2", qos="ours"), "5"),
        (_raw("1", uid="new"), _raw("2", qos="ours"), "1"),
    ):
        cache = ClusterCache(api, (), key=EGRESS)
        cache._take_pod("a/x", pod_of(seen))
        cache.written(ref, "1", answer)
        subject = cache.subject(ref)
        assert subject is not None
        assert subject.resource_version == expected

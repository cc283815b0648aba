"""What is kept of an object is what decisions are made from."""

from __future__ import annotations

from typing import Any

from detnet.kubernetes.objects.workloads import POD, Ref, pod_of, workload_of


def _raw(owner: tuple[str, str] | None, labels: dict[str, str] | None = None, **metadata: Any) -> dict[str, Any]:
    owners = [{"kind": owner[0], "name": owner[1], "controller": True}] if owner else []
    return {
        "metadata": {
            "namespace": "factory", "name": "x-1", "uid": "u", "resourceVersion": "7", "labels": labels or {},
            "ownerReferences": owners, **metadata,
        },
        "spec": {"nodeName": "node-1"},
        "status": {"phase": "Running"},
    }  # fmt: skip


def test_a_deployment_is_found_through_the_name_of_its_replica_set() -> None:
    """The ReplicaSet's name is the Deployment's and the pod template's hash; nobody has to watch ReplicaSets."""
    raw = _raw(("ReplicaSet", "telemetry-upload-5d9c"), {"pod-template-hash": "5d9c"})
    assert pod_of(raw).workload == Ref("Deployment", "factory", "telemetry-upload")


def test_a_pod_belongs_to_the_controller_that_owns_it_and_else_to_itself() -> None:
    """Also where nobody reads that controller: a Job, a ReplicaSet without Deployment."""
    for owner in (("Job", "nightly"), ("ReplicaSet", "old")):
        assert pod_of(_raw(owner, {"pod-template-hash": "5d9c"})).workload == Ref(owner[0], "factory", owner[1])
    assert pod_of(_raw(None)).workload == Ref(POD, "factory", "x-1")


def test_only_the_annotations_that_matter_are_kept() -> None:
    """A pod can carry 256 KiB of others, with our prefix too; the known ones are all that we read."""
    ours = {"qos.detnet.io/prior-egress-bandwidth": "", "kubernetes.io/egress-bandwidth": "5M"}
    raw = _raw(None, annotations={**ours, "team": "a", "kubernetes.io/config.seen": "x" * 1000})
    assert pod_of(raw).annotations == ours
    assert pod_of(raw, key="example.org/egress").annotations.keys() == {"qos.detnet.io/prior-egress-bandwidth"}


def test_what_is_kept_of_an_object_is_bounded() -> None:
    """Its owner decides how much is written there; a controller of 5,000 such pods must not need their memory."""
    hostile = {f"qos.detnet.io/{number}": "x" * 1000 for number in range(200)}
    known = {"qos.detnet.io/max": "9" * 256 * 1024, "kubernetes.io/egress-bandwidth": "9" * 256 * 1024}
    kept = pod_of(_raw(None, annotations={**hostile, **known})).annotations
    assert kept.keys() == known.keys()
    assert all(len(text) == 512 for text in kept.values())


def test_a_pod_on_its_way_out_is_not_running() -> None:
    """It keeps the phase Running until its containers have ended."""
    assert pod_of(_raw(None)).running
    assert not pod_of(_raw(None, deletionTimestamp="2026-01-01T00:00:00Z")).running


def test_a_daemon_set_wants_as_many_pods_as_are_scheduled() -> None:
    """It has no replicas of its own to ask for."""
    raw = _raw(None) | {"spec": {"template": {}}, "status": {"desiredNumberScheduled": 3}}
    assert workload_of(raw, "DaemonSet").replicas == 3
    assert workload_of(raw | {"spec": {"replicas": 0, "template": {}}}, "Deployment").replicas == 0

"""Pods and workloads as the API server sends them, for tests without one."""

from __future__ import annotations

from collections.abc import Mapping

from ansible_collections.detnet.qos.plugins.module_utils.kubernetes.objects.workloads import Pod, pod_of, workload_of
from ansible_collections.detnet.qos.plugins.module_utils.workloads import Chosen


def pod(  # noqa: PLR0913 - what the tests vary about a pod
    name: str,
    annotations: Mapping[str, str] | None = None,
    *,
    labels: Mapping[str, str] | None = None,
    phase: str = "Running",
    node: str = "node-1",
    host_network: bool = False,
) -> Pod:
    """Return a pod of the Deployment ``upload``."""
    owner = {"controller": True, "kind": "ReplicaSet", "name": "upload-7d9c"}
    metadata = {
        "name": name,
        "namespace": "robot-factory",
        "uid": f"uid-{name}",
        "resourceVersion": "1",
        "labels": {"pod-template-hash": "7d9c", **(labels or {})},
        "annotations": dict(annotations or {}),
        "ownerReferences": [owner],
    }
    spec = {"nodeName": node, "hostNetwork": host_network}
    return pod_of({"metadata": metadata, "spec": spec, "status": {"phase": phase}})


def deployment(*pods: Pod, annotations: Mapping[str, str] | None = None, role: str = "best-effort") -> Chosen:
    """Return the Deployment ``upload`` with these pods."""
    metadata = {
        "name": "upload",
        "namespace": "robot-factory",
        "uid": "uid-upload",
        "resourceVersion": "1",
        "labels": {"qos.detnet.io/class": role},
        "annotations": dict(annotations or {}),
    }
    return Chosen(workload_of({"metadata": metadata, "spec": {"template": {}}}, "Deployment"), pods)

"""Objects as the API server keeps them, and what a merge patch makes of them."""

from __future__ import annotations

from typing import Any

from detnet.model.annotations import CLASS


def pod(annotations: dict[str, str] | None = None, *, role: str | None = None) -> dict[str, Any]:
    """Return a running pod of a Deployment."""
    labels = {"app": "upload", "pod-template-hash": "6b8f"} | ({} if role is None else {CLASS: role})
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {
            "name": "upload-6b8f-x7k2p",
            "generateName": "upload-6b8f-",
            "namespace": "robot-factory",
            "uid": "0f0c9d5e-53f2-4d1a-9d0e-7a3c0e7b1c11",
            "resourceVersion": "41",
            "creationTimestamp": "2026-01-01T00:00:00Z",
            "labels": labels,
            "ownerReferences": [
                {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "upload-6b8f", "uid": "1", "controller": True}
            ],
            "managedFields": [{"manager": "kube-controller-manager", "operation": "Update"}],
            **({} if annotations is None else {"annotations": annotations}),
        },
        "spec": {
            "nodeName": "node-1",
            "containers": [{"name": "main", "image": "upload:1", "env": [{"name": "RATE", "value": "1"}]}],
            "tolerations": [{"key": "a", "operator": "Exists", "tolerationSeconds": 300}],
        },
        "status": {"phase": "Running", "podIP": "10.0.0.7"},
    }


def deployment(
    annotations: dict[str, str] | None = None,
    template: dict[str, str] | None = None,
    *,
    role: str | None = None,
    template_role: str | None = None,
) -> dict[str, Any]:
    """Return a Deployment with annotations of its own and in its template."""
    one = pod(template, role=template_role)
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {
            "name": "upload",
            "namespace": "robot-factory",
            "uid": "2",
            "generation": 3,
            "labels": {"app": "upload"} | ({} if role is None else {CLASS: role}),
            **({} if annotations is None else {"annotations": annotations}),
        },
        "spec": {
            "replicas": 3,
            "selector": {"matchLabels": {"app": "upload"}},
            "template": {
                "metadata": {key: one["metadata"][key] for key in ("labels", "annotations") if key in one["metadata"]},
                "spec": {"containers": one["spec"]["containers"]},
            },
        },
        "status": {"readyReplicas": 3},
    }


def merged(target: Any, patch: Any) -> Any:
    """Return what a JSON merge patch makes of ``target`` (RFC 7386, section 2)."""
    if not isinstance(patch, dict):
        return patch
    result = dict(target) if isinstance(target, dict) else {}
    for name, value in patch.items():
        if value is None:
            result.pop(name, None)
        else:
            result[name] = merged(result.get(name), value)
    return result

"""Workloads on the real API server, and what their pods carry."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from control_plane.plane import ControlPlane
from support import wait_for

EGRESS = "kubernetes.io/egress-bandwidth"
PRIOR = "qos.detnet.io/prior-egress-bandwidth"
CLASS = "qos.detnet.io/class"
PLURALS = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}

Annotations = Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Workloads:
    """One namespace."""

    plane: ControlPlane
    namespace: str

    def create(  # noqa: PLR0913 - what the tests vary about a workload
        self,
        name: str,
        pods: int = 3,
        *,
        kind: str = "Deployment",
        role: str | None = "best-effort",
        labels: Annotations | None = None,
        annotations: Annotations | None = None,
        spec: Mapping[str, Any] | None = None,
    ) -> None:
        """Create a workload and wait until its pods run; ``labels`` and ``annotations`` are its pods'."""
        pod = {
            "metadata": {"labels": {"app": name, **(labels or {})}, "annotations": annotations or {}},
            "spec": {"containers": [{"name": "main", "image": "none"}], **(spec or {})},
        }
        own = {"selector": {"matchLabels": {"app": name}}, "template": pod}
        sized = {} if kind == "DaemonSet" else {"replicas": pods}
        service = {"serviceName": name} if kind == "StatefulSet" else {}
        metadata = {"name": name, "labels": {} if role is None else {CLASS: role}}
        path = f"/apis/apps/v1/namespaces/{self.namespace}/{PLURALS[kind]}"
        self.plane.request("POST", path, {"metadata": metadata, "spec": {**own, **sized, **service}})
        wait_for(lambda: len(self.running(name)) == pods, what=f"{pods} running pods of {name}", within_s=30)

    def pod(self, name: str, *, labels: Annotations) -> None:
        """Create a pod that stands for itself and wait until it runs."""
        body = {
            "metadata": {"name": name, "labels": {"app": name, **labels}},
            "spec": {"containers": [{"name": "main", "image": "none"}]},
        }
        self.plane.request("POST", self.pods, body)
        wait_for(lambda: len(self.running(name)) == 1, what=f"the pod {name} running")

    def running(self, app: str) -> list[dict[str, Any]]:
        """Return the running pods of a workload, by name."""
        listed = self.plane.request("GET", self.pods, query={"labelSelector": f"app={app}"})["items"]
        return sorted(
            (pod for pod in listed if pod["status"]["phase"] == "Running"), key=lambda pod: str(pod["metadata"]["name"])
        )

    def carried(self, app: str) -> list[Annotations]:
        """Return the annotations of the running pods, by name of the pod."""
        return [pod["metadata"].get("annotations", {}) for pod in self.running(app)]

    def annotate(self, pod: str, annotations: Mapping[str, str | None]) -> None:
        """Write on a pod as somebody else would."""
        self.plane.request("PATCH", f"{self.pods}/{pod}", {"metadata": {"annotations": dict(annotations)}})

    def patch(self, kind: str, name: str, body: Mapping[str, Any]) -> None:
        """Change a workload."""
        self.plane.request("PATCH", f"/apis/apps/v1/namespaces/{self.namespace}/{PLURALS[kind]}/{name}", body)

    def allow(self, account: str, rules: Mapping[str, Mapping[str, list[str]]]) -> None:
        """Create a service account that may do this much in the namespace: API group to resource to verbs."""
        rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{self.namespace}"
        granted = [
            {"apiGroups": [group], "resources": [resource], "verbs": verbs}
            for group, resources in rules.items()
            for resource, verbs in resources.items()
        ]
        metadata = {"name": account}
        subject = {"kind": "ServiceAccount", "name": account, "namespace": self.namespace}
        role = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": account}
        self.plane.request("POST", f"/api/v1/namespaces/{self.namespace}/serviceaccounts", {"metadata": metadata})
        self.plane.request("POST", f"{rbac}/roles", {"metadata": metadata, "rules": granted})
        self.plane.request(
            "POST", f"{rbac}/rolebindings", {"metadata": metadata, "subjects": [subject], "roleRef": role}
        )

    def kubeconfig_of(self, account: str) -> Path:
        """Return a kubeconfig with a real token of the account."""
        return self.plane.kubeconfig_for(self.namespace, account)

    @property
    def pods(self) -> str:
        """The path of the pods on the API server."""
        return f"/api/v1/namespaces/{self.namespace}/pods"

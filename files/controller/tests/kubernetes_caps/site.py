"""A namespace on the real API server, as a person would use it with kubectl."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from control_plane import ControlPlane, PodRunner
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.caps.reconciler import CapReconciler
from detnet.kubernetes.caps.work_queue import RateLimits
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.objects.targets import Bounds
from detnet.kubernetes.objects.workloads import PLURALS
from detnet.model.annotations import BEST_EFFORT, CLASS, EGRESS
from detnet.model.rate import Rate
from support import wait_for

M = 1_000_000
Object = dict[str, Any]
ALL_RIGHT = Plan(("set by the test",), found=Bounds(Rate(10 * M), Rate(1000 * M)))


class Site:
    """Workloads and pods of one namespace."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane = plane
        self.namespace = namespace

    def workload(  # noqa: PLR0913 - what a manifest has
        self,
        name: str,
        replicas: int = 2,
        *,
        kind: str = "Deployment",
        role: str | None = BEST_EFFORT,
        annotations: Mapping[str, str] | None = None,
        on_pods: Mapping[str, str] | None = None,
    ) -> None:
        """Create a workload; ``on_pods`` are annotations of its pod template."""
        labels = {} if role is None else {CLASS: role}
        spec: Object = {
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}, "annotations": dict(on_pods or {})},
                "spec": {"containers": [{"name": "main", "image": "none"}], "terminationGracePeriodSeconds": 0},
            },
        }
        if kind != "DaemonSet":
            spec["replicas"] = replicas
        if kind == "StatefulSet":
            spec |= {"serviceName": name, "podManagementPolicy": "Parallel"}
        metadata = {"name": name, "labels": labels, "annotations": dict(annotations or {})}
        self.plane.request("POST", self._path(kind), {"metadata": metadata, "spec": spec})

    def patch(self, name: str, body: Object, *, kind: str = "Deployment") -> Object:
        """Merge-patch a workload or, with the kind Pod, a pod."""
        return self.plane.request("PATCH", f"{self._path(kind)}/{name}", body)

    def scale(self, name: str, replicas: int, *, kind: str = "Deployment") -> None:
        """Ask for another number of pods."""
        self.patch(name, {"spec": {"replicas": replicas}}, kind=kind)

    def roll(self, name: str) -> None:
        """Restart a Deployment's pods as ``kubectl rollout restart`` does."""
        again = {"restartedAt": str(time.monotonic_ns())}
        self.patch(name, {"spec": {"template": {"metadata": {"annotations": again}}}})

    def delete(self, name: str, *, kind: str = "Deployment") -> None:
        """Delete a workload or a pod, at once."""
        body = {"gracePeriodSeconds": 0, "propagationPolicy": "Background"}
        self.plane.request("DELETE", f"{self._path(kind)}/{name}", body)

    def get(self, kind: str, name: str) -> Object:
        """Return one object."""
        return self.plane.request("GET", f"{self._path(kind)}/{name}")

    def pods(self, name: str = "") -> list[Object]:
        """Return the running pods, of one workload by its name."""
        query = {"labelSelector": f"app={name}"} if name else None
        listed = self.plane.request("GET", self._path("Pod"), query=query)["items"]
        return [
            one for one in listed if one["status"]["phase"] == "Running" and "deletionTimestamp" not in one["metadata"]
        ]

    def replica_sets(self) -> set[str]:
        """Return the names of all ReplicaSets."""
        listed = self.plane.request("GET", f"/apis/apps/v1/namespaces/{self.namespace}/replicasets")
        return {one["metadata"]["name"] for one in listed["items"]}

    def caps(self, name: str = "") -> list[str | None]:
        """Return the caps that the running pods carry."""
        return [cap(one) for one in self.pods(name)]

    def wait_running(self, name: str, replicas: int) -> None:
        """Wait until a workload has so many running pods."""
        wait_for(lambda: len(self.pods(name)) == replicas, what=f"{replicas} pods of {name} run", within_s=30.0)

    def wait_caps(self, name: str, caps: Sequence[str | None], *, within_s: float = 5.0) -> None:
        """Wait until the running pods of a workload carry these caps."""
        wait_for(lambda: self.caps(name) == list(caps), what=f"the pods of {name} carry {caps}", within_s=within_s)

    @contextmanager
    def cluster(self, api: Api, plan: Plan = ALL_RIGHT, **options: Any) -> Iterator[CapReconciler]:
        """Run our side of it on the namespace, with the right to write unless the options say otherwise."""
        plan = replace(plan, namespaces=(self.namespace,))
        options.setdefault("may_write", lambda: time.monotonic() + 60.0)
        options.setdefault("rate_limits", RateLimits(every_s=0.2))
        cluster = CapReconciler(api, plan, **options)
        cluster.start()
        try:
            assert cluster.wait_synced(20.0)
            yield cluster
        finally:
            cluster.close()

    @contextmanager
    def pods_run(self, *nodes: str) -> Iterator[PodRunner]:
        """Play scheduler and kubelet with the nodes of that name."""
        with self.plane.run_pods(self.namespace, nodes or ("node-1",)) as runner:
            yield runner

    def _path(self, kind: str) -> str:
        if kind == "Pod":
            return f"/api/v1/namespaces/{self.namespace}/pods"
        return f"/apis/apps/v1/namespaces/{self.namespace}/{PLURALS[kind]}"


def cap(pod: Object) -> str | None:
    """Return the cap that an object carries."""
    found: str | None = pod["metadata"].get("annotations", {}).get(EGRESS)
    return found


def target(namespace: str, name: str, kind: str = "deployment") -> str:
    """Return the name by which the loop knows a workload."""
    return f"{namespace}/{kind}/{name}"

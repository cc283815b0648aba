"""A large site on the real API server: Deployments, and pods as large as real ones that run on many nodes."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from control_plane import ControlPlane
from detnet.kubernetes.client.api import Api
from detnet.model.annotations import BEST_EFFORT, CLASS, CRITICAL, EGRESS

ROBOT = "robot-control"
_HASH = "5d9c8f7b6"
_AT_A_TIME = 4

Object = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Size:
    """How many; every target has equally many pods, and every node a pod of the critical workload besides."""

    pods: int
    targets: int
    nodes: int

    def names(self) -> list[str]:
        """Return the targets' names."""
        return [f"telemetry-upload-{number}" for number in range(self.targets)]


@dataclass(frozen=True, slots=True)
class Cycle:
    """What one cycle of a controller cost that reads every Deployment and writes its template."""

    requests: int
    took_s: float
    replica_sets: int


class Site:
    """One namespace of a control plane, filled."""

    def __init__(self, plane: ControlPlane, namespace: str, size: Size) -> None:
        self.namespace = namespace
        self.size = size
        self._plane = plane
        self._pods = f"/api/v1/namespaces/{namespace}/pods"
        self._apps = f"/apis/apps/v1/namespaces/{namespace}"

    def create_deployments(self) -> None:
        """Create all of them, without replicas: the pods come later, and no controller is to make others."""
        roles = {**dict.fromkeys(self.size.names(), BEST_EFFORT), ROBOT: CRITICAL}
        path = f"{self._apps}/deployments"
        _at_once(lambda name: self._plane.request("POST", path, _deployment(name, roles[name])), list(roles))
        self._wait_replica_sets(self.size.targets + 1)

    def documents_cycle(self, api: Api) -> Cycle:
        """Give every Deployment another cap as the documents do: GET it, PATCH its template."""
        before = self._replica_sets()
        began_s = time.monotonic()
        for name in self.size.names():
            path = f"{self._apps}/deployments/{name}"
            api.request("GET", path)
            api.request("PATCH", path, body={"spec": {"template": {"metadata": {"annotations": {EGRESS: "2500k"}}}}})
        took_s = time.monotonic() - began_s
        self._wait_replica_sets(before + self.size.targets)
        return Cycle(2 * self.size.targets, took_s, self._replica_sets() - before)

    @contextmanager
    def pods(self) -> Iterator[int]:
        """Let all pods run, with nobody who would remove them; return a pod's mean size in bytes."""
        targets, nodes = self.size.names(), self.size.nodes
        spread = [
            (targets[number % len(targets)], number, (number + number // len(targets)) % nodes)
            for number in range(self.size.pods)
        ]
        with self._plane.controllers_stopped():
            _at_once(self._run_pod, [*spread, *((ROBOT, node, node) for node in range(nodes))])
            some = self._plane.request("GET", self._pods, query={"limit": "100"})["items"]
            yield len(json.dumps(some)) // len(some)

    def bare_patch_s(self, api: Api, sample: int) -> float:
        """Return how long a PATCH of a pod takes in s, one after the other over one connection."""
        paths = [f"{self._pods}/{item['metadata']['name']}" for item in self._some(sample)]
        began_s = time.monotonic()
        for path in paths:
            api.request("PATCH", path, body={"metadata": {"annotations": {EGRESS: "1M"}}})
        return (time.monotonic() - began_s) / len(paths)

    def _some(self, count: int) -> list[Object]:
        found: list[Object] = self._plane.request("GET", self._pods, query={"limit": str(count)})["items"]
        return found

    def _run_pod(self, place: tuple[str, int, int]) -> None:
        owner, number, node = place
        pod = _pod(owner, number, node)
        self._plane.request("POST", self._pods, pod)
        self._plane.request("PATCH", f"{self._pods}/{pod['metadata']['name']}/status", {"status": _STATUS})

    def _replica_sets(self) -> int:
        return len(self._plane.request("GET", f"{self._apps}/replicasets")["items"])

    def _wait_replica_sets(self, count: int) -> None:
        deadline_s = time.monotonic() + 120.0
        while self._replica_sets() < count:
            if time.monotonic() > deadline_s:
                raise TimeoutError(f"the deployment controller did not make {count} ReplicaSets within 120 s")
            time.sleep(0.2)


def _at_once(do: Callable[[Any], object], each: Sequence[object]) -> None:
    with ThreadPoolExecutor(_AT_A_TIME) as pool:
        for _ in pool.map(do, each):
            pass


def _deployment(name: str, role: str) -> Object:
    return {
        "metadata": {"name": name, "labels": {"app": name, CLASS: role}},
        "spec": {
            "replicas": 0,
            "selector": {"matchLabels": {"app": name}},
            "template": {
                "metadata": {"labels": {"app": name}},
                "spec": {"containers": [_container()]},
            },
        },
    }


def _container() -> Object:
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    return {
        "name": "main",
        "image": "registry.example.org/factory/upload:1.2.3",
        "args": ["--listen=:8080", "--to=collector.example.org:4317", "--compress=zstd"],
        "env": [{"name": f"SETTING_{number}", "value": f"value-{number}-{'x' * 40}"} for number in range(20)],
        "ports": [{"containerPort": 8080, "name": "http"}],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
        "livenessProbe": probe,
        "readinessProbe": probe,
    }


def _pod(owner: str, number: int, node: int) -> Object:
    replica_set = {
        "apiVersion": "apps/v1",
        "kind": "ReplicaSet",
        "name": f"{owner}-{_HASH}",
        "uid": "00000000-0000-0000-0000-000000000000",
        "controller": True,
    }
    return {
        "metadata": {
            "name": f"{owner}-{_HASH}-{number:05d}",
            "labels": {"app": owner, "pod-template-hash": _HASH},
            "annotations": {"checksum/config": "0" * 64, "prometheus.io/scrape": "true"},
            "ownerReferences": [replica_set],
        },
        "spec": {"nodeName": f"node-{node + 1}", "containers": [_container()]},
    }


_STATUS: Object = {
    "phase": "Running",
    "podIP": "10.244.0.1",
    "conditions": [
        {"type": kind, "status": "True", "lastTransitionTime": "2026-01-01T00:00:00Z"}
        for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
    ],
    "containerStatuses": [
        {
            "name": "main",
            "image": "registry.example.org/factory/upload:1.2.3",
            "imageID": f"registry.example.org/factory/upload@sha256:{'0' * 64}",
            "containerID": f"containerd://{'0' * 64}",
            "ready": True,
            "restartCount": 0,
            "state": {"running": {"startedAt": "2026-01-01T00:00:00Z"}},
        }
    ],
}

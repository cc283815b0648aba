"""The stand-in for scheduler and kubelet: pods get a node and say that they run, but no container exists."""

from __future__ import annotations

import datetime as dt
import http.client
import itertools
import threading
from collections.abc import Sequence
from types import TracebackType
from typing import Any, Self

from control_plane.client import Client, RefusedError, Watch

RETRY_S = 0.1
GONE_OR_CHANGED = (404, 409)
EXPIRED_OR_BUSY = (410, 429)

Pod = dict[str, Any]


class PodRunner:
    """Moves the pods of one namespace through their life as a cluster would; **there is no kubelet here**.

    Pending pods are spread over the nodes in turn (a node that the pod names, or that its DaemonSet chose, is kept;
    every other scheduling constraint is ignored), become Running and Ready with an IP address of their own, and are
    removed as soon as their deletion is asked for. So nothing shapes, counts or carries a packet, probes do not
    run, and a grace period is not waited for.
    """

    def __init__(self, client: Client, namespace: str, nodes: Sequence[str]) -> None:
        self._client = client
        self._path = f"/api/v1/namespaces/{namespace}/pods"
        self._nodes = tuple(nodes)
        self._turn = itertools.cycle(self._nodes)
        self._numbers = itertools.count(1)
        self._started: set[str] = set()
        self._stop = threading.Event()
        self._watch: Watch | None = None
        self._failure: RefusedError | None = None
        self._thread = threading.Thread(target=self._run, name=f"pods of {namespace}", daemon=True)

    def start(self) -> Self:
        """Create the nodes that do not exist yet and begin."""
        for number, name in enumerate(self._nodes, 1):
            self._attempt("POST", "/api/v1/nodes", _node(name, number))
        self._thread.start()
        return self

    def stop(self) -> None:
        """Leave the pods as they are from now on.

        Raises:
            RefusedError: the API server refused something for good, and the pods have been left alone since.
        """
        self._stop.set()
        if self._watch is not None:
            self._watch.close()
        self._thread.join()
        if self._failure is not None:
            raise self._failure

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _run(self) -> None:
        while not self._stop.is_set():
            try:
                self._follow()
            except (OSError, http.client.HTTPException):
                self._stop.wait(RETRY_S)  # tests take the API server away; a kubelet keeps trying as well
            except RefusedError as error:
                if error.status < http.HTTPStatus.INTERNAL_SERVER_ERROR and error.status not in EXPIRED_OR_BUSY:
                    self._failure = error
                    return
                self._stop.wait(RETRY_S)

    def _follow(self) -> None:
        listed = self._client.request("GET", self._path)
        for pod in listed["items"]:
            self._advance(pod)
        with self._client.watch(self._path, {"resourceVersion": listed["metadata"]["resourceVersion"]}) as watch:
            self._watch = watch
            if self._stop.is_set():
                return  # asked for before there was a watch to close
            for event in watch:
                if event["type"] == "ERROR":
                    return
                if event["type"] != "DELETED":
                    self._advance(event["object"])

    def _advance(self, pod: Pod) -> None:
        path = f"{self._path}/{pod['metadata']['name']}"
        if "deletionTimestamp" in pod["metadata"]:
            self._attempt("DELETE", path, {"gracePeriodSeconds": 0, "preconditions": {"uid": pod["metadata"]["uid"]}})
        elif pod["status"]["phase"] == "Pending" and pod["metadata"]["uid"] not in self._started:
            if "nodeName" not in pod["spec"]:
                self._attempt("POST", f"{path}/binding", _binding(pod, self._node_for(pod)))
            self._attempt("PATCH", f"{path}/status", {"status": _running(pod, next(self._numbers))})
            self._started.add(pod["metadata"]["uid"])  # the binding's own event still says Pending

    def _node_for(self, pod: Pod) -> str:
        node_affinity = pod["spec"].get("affinity", {}).get("nodeAffinity", {})
        required = node_affinity.get("requiredDuringSchedulingIgnoredDuringExecution", {})
        for term in required.get("nodeSelectorTerms", []):
            for field in term.get("matchFields", []):
                if field["key"] == "metadata.name":  # how the DaemonSet controller addresses a node
                    return str(field["values"][0])
        return next(self._turn)

    def _attempt(self, method: str, path: str, body: object) -> None:
        try:
            self._client.request(method, path, body)
        except RefusedError as error:
            if error.status not in GONE_OR_CHANGED:
                raise


def _binding(pod: Pod, node: str) -> dict[str, Any]:
    return {"metadata": {"name": pod["metadata"]["name"]}, "target": {"kind": "Node", "name": node}}


def _node(name: str, number: int) -> dict[str, Any]:
    resources = {"cpu": "16", "memory": "64Gi", "pods": "1000"}
    return {
        "metadata": {"name": name, "labels": {"kubernetes.io/hostname": name}},
        "status": {
            "capacity": resources,
            "allocatable": resources,
            "addresses": [{"type": "InternalIP", "address": f"192.0.2.{number}"}],
            "conditions": [{"type": "Ready", "status": "True", "reason": "StandIn"}],
        },
    }


def _running(pod: Pod, number: int) -> dict[str, Any]:
    now = dt.datetime.now(dt.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    address = f"10.{244 + (number >> 16)}.{number >> 8 & 255}.{number & 255}"
    return {
        "phase": "Running",
        "startTime": now,
        "podIP": address,
        "podIPs": [{"ip": address}],
        "conditions": [
            {"type": kind, "status": "True", "lastTransitionTime": now}
            for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready")
        ],
        "containerStatuses": [
            {
                "name": container["name"],
                "image": container["image"],
                "imageID": "none",
                "restartCount": 0,
                "ready": True,
                "started": True,
                "state": {"running": {"startedAt": now}},
            }
            for container in pod["spec"]["containers"]
        ],
    }

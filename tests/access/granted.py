"""A real cluster after the role: a target namespace, a watched one, one of others, and the controller's token."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from access.role import play
from control_plane import ControlPlane, RefusedError
from control_plane.client import Client

TARGET, WATCHED, OTHER, OWN = "access-factory", "access-cell", "access-office", "access-system"
NAME = "detnet-controller"
# By the authorizer, or by an admission policy.
_REFUSALS = (403, 422)
_LABELS = {"app": "upload"}
_POD = {"metadata": {"labels": _LABELS}, "spec": {"containers": [{"name": "main", "image": "none"}]}}


@dataclass(frozen=True, slots=True)
class Granted:
    """``client`` speaks as the controller; ``output`` is what the role said."""

    plane: ControlPlane
    kubeconfig: Path
    client: Client
    output: str

    def refused(self, method: str, path: str, body: object = None, **more: Any) -> str | None:
        """Return why the API server refuses the controller a request, ``None`` if it does not."""
        try:
            self.client.request(method, path, body, **more)
        except RefusedError as error:
            if error.status not in _REFUSALS:
                raise
            return str(json.loads(str(error).partition(": ")[2])["message"])
        return None


def grant(plane: ControlPlane, folder: Path) -> Granted:
    """Apply the role to a cluster with a workload of each kind in each namespace."""
    for namespace in (TARGET, WATCHED, OTHER):
        plane.create_namespace(namespace)
        _populate(plane, namespace)
    run = play(
        folder,
        {
            "controller_access_kubeconfig": str(plane.kubeconfig),
            "controller_access_namespace": OWN,
            "controller_access_target_namespaces": [TARGET],
            "controller_access_watched_namespaces": [WATCHED],
        },
    )
    assert run.ok, run.output
    kubeconfig = plane.kubeconfig_for(OWN, NAME)
    token = json.loads(kubeconfig.read_text())["users"][0]["user"]["token"]
    return Granted(plane, kubeconfig, Client(plane.url, token, plane.ca_file), run.output)


def _populate(plane: ControlPlane, namespace: str) -> None:
    core, apps = f"/api/v1/namespaces/{namespace}", f"/apis/apps/v1/namespaces/{namespace}"
    meta = {"metadata": {"name": "upload", "labels": _LABELS}}
    spec = {"selector": {"matchLabels": _LABELS}, "template": _POD}
    plane.request("POST", f"{core}/pods", {**_POD, **meta})
    plane.request("POST", f"{core}/configmaps", meta)
    plane.request("POST", f"{core}/secrets", meta)
    plane.request("POST", f"{apps}/deployments", {**meta, "spec": {**spec, "replicas": 0}})
    plane.request("POST", f"{apps}/statefulsets", {**meta, "spec": {**spec, "replicas": 0, "serviceName": "upload"}})
    plane.request("POST", f"{apps}/daemonsets", {**meta, "spec": spec})

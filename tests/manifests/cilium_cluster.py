"""A cluster as the role cilium finds it, and what Cilium's operator and agents make there by themselves."""

from __future__ import annotations

from access.role import Run
from control_plane import ControlPlane

NODES = "/api/v1/nodes"
CILIUM_NODES = "/apis/cilium.io/v2/ciliumnodes"
RESOURCE_TYPES = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
SCHEMA = {"openAPIV3Schema": {"type": "object"}}
CRD = {
    "metadata": {"name": "ciliumnodes.cilium.io"},
    "spec": {
        "group": "cilium.io",
        "scope": "Cluster",
        "names": {"kind": "CiliumNode", "plural": "ciliumnodes", "singular": "ciliumnode"},
        "versions": [{"name": "v2", "served": True, "storage": True, "schema": SCHEMA}],
    },
}


def node(plane: ControlPlane, name: str, kernel: str) -> None:
    """Make a node, or let it have another kernel."""
    if name not in {one["metadata"]["name"] for one in plane.request("GET", NODES)["items"]}:
        plane.request("POST", NODES, {"metadata": {"name": name}})
    known = plane.request("GET", f"{NODES}/{name}")
    info = known["status"]["nodeInfo"] | {"kernelVersion": kernel, "kubeletVersion": "v1.34.2"}
    plane.request("PUT", f"{NODES}/{name}/status", known | {"status": {**known["status"], "nodeInfo": info}})


def take_over(plane: ControlPlane) -> None:
    """Say that an agent has come up on each node."""
    for one in plane.request("GET", NODES)["items"]:
        taken = {"kind": "CiliumNode", "metadata": {"name": one["metadata"]["name"]}}
        plane.request("POST", CILIUM_NODES, {"apiVersion": "cilium.io/v2", **taken})


def joined(run: Run) -> str:
    """The output without the line breaks that YAML puts into long messages."""
    return " ".join(run.output.split())

# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether a node of a cluster can run a pod, and if not, why."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Node = Mapping[str, Any]
Toleration = Mapping[str, Any]

_VIRTUAL = {"type": "virtual-kubelet", "eks.amazonaws.com/compute-type": "fargate"}
_BINDING = ("NoSchedule", "NoExecute")
# What the kubelet or the cluster says of a moment is in other words below.
_OF_CONDITIONS = ("node.kubernetes.io/not-ready", "node.kubernetes.io/unschedulable")


def obstacles(nodes: Sequence[Node], tolerations: Sequence[Toleration] = ()) -> dict[str, str]:
    """Return what keeps a Linux pod off each node, by its label ``kubernetes.io/hostname``; empty means nothing.

    Args:
        nodes: the API's nodes.
        tolerations: of the pod.
    """
    labelled = {node["metadata"].get("labels", {}).get("kubernetes.io/hostname"): node for node in nodes}
    return {name: ", ".join(_of(node, tolerations)) for name, node in sorted(labelled.items()) if name}


def _of(node: Node, tolerations: Sequence[Toleration]) -> Iterator[str]:
    labels, spec, status = node["metadata"]["labels"], node.get("spec", {}), node.get("status", {})
    system = labels.get("kubernetes.io/os") or status.get("nodeInfo", {}).get("operatingSystem") or "linux"
    if any(labels.get(key) == value for key, value in _VIRTUAL.items()):
        yield "virtual"
    if system != "linux":
        yield f"runs {system}"
    if not any(one["type"] == "Ready" and one["status"] == "True" for one in status.get("conditions", ())):
        yield "not ready"
    if spec.get("unschedulable"):
        yield "cordoned"
    for taint in spec.get("taints") or ():
        if (
            taint["effect"] in _BINDING
            and taint["key"] not in _OF_CONDITIONS
            and not any(_tolerates(one, taint) for one in tolerations)
        ):
            value = f"={taint['value']}" if taint.get("value") else ""
            yield f"tainted {taint['key']}{value}:{taint['effect']}"


def _tolerates(toleration: Toleration, taint: Mapping[str, str]) -> bool:
    """As the scheduler does: an empty effect or key matches each, the latter with ``Exists`` alone."""
    exists = toleration.get("operator", "Equal") == "Exists"
    key = toleration.get("key", "")
    return (
        toleration.get("effect", "") in ("", taint["effect"])
        and (key == taint["key"] or (not key and exists))
        and (exists or toleration.get("value", "") == taint.get("value", ""))
    )

"""What is kept of a pod or workload: a few words of the several kilobytes that the API server sends.

5,000 pods fit into a few MiB this way, and every decision reads plain values.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from sys import intern
from typing import Any, NamedTuple

from ...model.annotations import (
    CLASS,
    CRITICAL,
    EGRESS,
    MAXIMUM,
    MINIMUM,
    PAUSE,
    PRIOR,
    PRIOR_PRIORITY,
    PRIORITY,
    STATUS,
    WEIGHT,
)

POD = "Pod"
PLURALS: Mapping[str, str] = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
_TEMPLATE_HASH = "pod-template-hash"
_NOTHING: Mapping[str, str] = {}
_KNOWN = (PRIORITY, PRIOR, PRIOR_PRIORITY, MINIMUM, MAXIMUM, WEIGHT, PAUSE, STATUS)
# An owner may write 256 KiB into one annotation. What means something to us is shorter; the beginning of the rest is
# enough to report it.
_LONGEST_TEXT = 512


class Ref(NamedTuple):
    """The name of an object: unique in the cluster, and in metrics and records the name of a target.

    A tuple and not a dataclass, because a pass over 5,000 pods hashes it as often.
    """

    kind: str
    namespace: str
    name: str

    def __str__(self) -> str:
        return f"{self.namespace}/{self.kind.lower()}/{self.name}"

    @property
    def long_name(self) -> str:
        """Kind, namespace and name, for a sentence."""
        return f"{self.kind} {self.namespace}/{self.name}"

    @property
    def path(self) -> str:
        """The object's path on the API server."""
        if self.kind == POD:
            return f"/api/v1/namespaces/{self.namespace}/pods/{self.name}"
        return f"/apis/apps/v1/namespaces/{self.namespace}/{PLURALS[self.kind]}/{self.name}"


@dataclass(frozen=True, slots=True)
class Pod:
    """A pod. ``workload`` is what owns it, or the pod itself where that is none of the three kinds that we know.

    ``annotations`` are only those that matter to us; ``role`` is the label ``qos.detnet.io/class``.
    """

    ref: Ref
    uid: str
    resource_version: str
    node: str
    phase: str
    deleting: bool
    host_network: bool
    role: str | None
    workload: Ref
    annotations: Mapping[str, str]

    @property
    def key(self) -> str:
        """How an informer names the pod."""
        return f"{self.ref.namespace}/{self.ref.name}"

    @property
    def running(self) -> bool:
        """Whether the pod sends and will go on to."""
        return self.phase == "Running" and not self.deleting

    @property
    def placed(self) -> bool:
        """Whether the pod may send: from its binding to a node until it has ended.

        An init container sends while the phase is Pending, and a pod that is deleted for all of its grace period.
        """
        return bool(self.node) and self.phase not in ("Succeeded", "Failed")

    @property
    def alone(self) -> bool:
        """Whether the pod stands for itself."""
        return self.workload.kind == POD

    @property
    def critical(self) -> bool:
        """Whether the pod itself says that it is critical."""
        return self.role == CRITICAL

    @property
    def place(self) -> tuple[object, ...]:
        """Everything that decides with whom the pod shares a budget, and none of what changes more often."""
        patches = _patches(self.annotations) if self.alone else ()
        return (self.uid, self.node, self.running, self.placed, self.host_network, self.role, self.workload, patches)


@dataclass(frozen=True, slots=True)
class Workload:
    """A Deployment, StatefulSet or DaemonSet; ``replicas`` is how many pods it wants."""

    ref: Ref
    uid: str
    resource_version: str
    role: str | None
    replicas: int
    annotations: Mapping[str, str]
    template_annotations: Mapping[str, str]

    @property
    def place(self) -> tuple[object, ...]:
        """Everything that decides about its pods' budget."""
        return (self.uid, self.role, self.replicas, _patches(self.annotations), self.template_annotations)


def pod_of(raw: Mapping[str, Any], *, key: str = EGRESS) -> Pod:
    """Return what is kept of a Pod as the API server sends it; ``key`` is the annotation that carries the cap."""
    metadata, spec = raw["metadata"], raw.get("spec", {})
    ref = Ref(POD, intern(metadata["namespace"]), metadata["name"])
    labels = metadata.get("labels") or _NOTHING
    return Pod(
        ref=ref,
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        node=intern(spec.get("nodeName") or ""),
        phase=intern((raw.get("status") or {}).get("phase") or "Pending"),
        deleting="deletionTimestamp" in metadata,
        host_network=bool(spec.get("hostNetwork")),
        role=labels.get(CLASS),
        workload=_owner(metadata, labels) or ref,
        annotations=_kept(metadata, key),
    )


def workload_of(raw: Mapping[str, Any], kind: str, *, key: str = EGRESS) -> Workload:
    """Return what is kept of a workload; an item of a list does not carry its own ``kind``."""
    metadata, spec = raw["metadata"], raw["spec"]
    if kind == "DaemonSet":
        replicas = (raw.get("status") or {}).get("desiredNumberScheduled", 0)
    else:
        replicas = spec.get("replicas", 1)
    return Workload(
        ref=Ref(kind, metadata["namespace"], metadata["name"]),
        uid=metadata["uid"],
        resource_version=metadata["resourceVersion"],
        role=(metadata.get("labels") or _NOTHING).get(CLASS),
        replicas=replicas,
        annotations=_kept(metadata, key),
        template_annotations=_kept(spec["template"].get("metadata") or {}, key),
    )


def _owner(metadata: Mapping[str, Any], labels: Mapping[str, str]) -> Ref | None:
    """Return the workload above a pod; a Deployment by its ReplicaSet's name, so that no ReplicaSet is watched."""
    for owner in metadata.get("ownerReferences") or ():
        if not owner.get("controller"):
            continue
        kind, name = owner["kind"], owner["name"]
        suffix = f"-{labels.get(_TEMPLATE_HASH)}"
        if kind == "ReplicaSet" and name.endswith(suffix):
            kind, name = "Deployment", name.removesuffix(suffix)
        return Ref(intern(kind), intern(metadata["namespace"]), intern(name)) if kind in PLURALS else None
    return None


def _patches(annotations: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return what people say of a target."""
    return tuple(annotations.get(name) for name in (MINIMUM, MAXIMUM, WEIGHT, PAUSE))


def _kept(metadata: Mapping[str, Any], key: str) -> Mapping[str, str]:
    found = metadata.get("annotations")
    if not found:
        return _NOTHING
    ours = {name: found[name][:_LONGEST_TEXT] for name in (key, *_KNOWN) if name in found}
    return ours or _NOTHING

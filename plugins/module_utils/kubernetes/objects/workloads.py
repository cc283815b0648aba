"""What is kept of a pod or workload: a few words of the several kilobytes that the API server sends.

5,000 pods fit into a few MiB this way, and every decision reads plain values.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
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
    Annotations,
    standing,
)
from ...model.rate import RateError, parse_bps

POD = "Pod"
PLURALS: Mapping[str, str] = {"Deployment": "deployments", "StatefulSet": "statefulsets", "DaemonSet": "daemonsets"}
_TEMPLATE_HASH = "pod-template-hash"
# The groups of Kubernetes' own controllers, in which no two kinds have one name.
_BUILT_IN = ("", "apps", "batch")
# A CronJob names a Job after the minute for which it was due (kubernetes ``pkg/controller/cronjob/utils.go``).
_OF_CRON_JOB = re.compile(r"(?P<cron_job>.+)-(?P<minute>\d{8})", re.ASCII)
_LATE_DAYS = 31
# Cilium takes less than this for "unlimited".
_LEAST_LIMIT_BPS = 8
_NOTHING: Mapping[str, str] = {}
_KNOWN = (PRIORITY, PRIOR, PRIOR_PRIORITY, MINIMUM, MAXIMUM, WEIGHT, PAUSE, STATUS)
# An owner may write 256 KiB into one annotation. What means something to us is shorter; the beginning of the rest is
# enough to report it.
_LONGEST_TEXT = 512


class Ref(NamedTuple):
    """The name of an object: unique in the cluster, and in metrics and records the name of a target.

    A kind of another API group than Kubernetes' own carries it: ``StatefulSet.apps.kruise.io``.
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
    """A pod. ``workload`` is the controller that owns it, or the pod itself where it has none.

    ``annotations`` are only those that matter to us; ``role`` is the label ``qos.detnet.io/class``; ``limit_bps`` is
    the limit in bit/s that somebody else wrote, see the function of that name.
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
    limit_bps: int | None = None

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
        """Whether nothing that we read speaks for the pod: its own label and annotations count."""
        return self.workload.kind not in PLURALS

    @property
    def critical(self) -> bool:
        """Whether the pod itself says that it is critical."""
        return self.role == CRITICAL

    @property
    def place(self) -> tuple[object, ...]:
        """Everything that decides with whom the pod shares a budget, and none of what changes more often."""
        patches = _patches(self.annotations) if self.alone else ()
        where = (self.uid, self.node, self.running, self.placed, self.host_network)
        return (*where, self.role, self.workload, self.limit_bps, patches)


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
    annotations = _kept(metadata, key)
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
        annotations=annotations,
        limit_bps=limit_bps(annotations, key=key),
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


def limit_bps(annotations: Annotations, *, key: str = EGRESS) -> int | None:
    """Return the limit in bit/s that somebody else wrote on an object; ``None``: none, or one that counts for none.

    Kubernetes enforces less than our least cap, so that such a value is a limit like any other.
    """
    now = standing(annotations, key=key)
    return _limit_bps(now.prior if now.ours else now.text)


@lru_cache(maxsize=1024)
def _limit_bps(text: str | None) -> int | None:
    try:
        found_bps = 0 if text is None else parse_bps(text)
    except RateError:
        return None
    return found_bps if found_bps >= _LEAST_LIMIT_BPS else None


def _owner(metadata: Mapping[str, Any], labels: Mapping[str, str]) -> Ref | None:
    """Return the controller above a pod, by API group and kind.

    A Deployment and a CronJob are known by the names of their ReplicaSets and Jobs, so that neither of these is read.
    """
    for owner in metadata.get("ownerReferences") or ():
        if not owner.get("controller"):
            continue
        group, kind, name = (owner.get("apiVersion") or "").rpartition("/")[0], owner["kind"], owner["name"]
        if group not in _BUILT_IN:
            kind = f"{kind}.{group}"
        elif kind in ("Node", POD, ""):
            return None  # a node is no workload: each of its static pods stands for itself
        elif kind == "ReplicaSet" and name.endswith(suffix := f"-{labels.get(_TEMPLATE_HASH)}"):
            kind, name = "Deployment", name.removesuffix(suffix)
        elif kind == "Job" and (of_cron_job := _OF_CRON_JOB.fullmatch(name)) and _is_due(of_cron_job, metadata):
            kind, name = "CronJob", of_cron_job["cron_job"]
        return Ref(intern(kind), intern(metadata["namespace"]), intern(name))
    return None


def _is_due(job: re.Match[str], metadata: Mapping[str, Any]) -> bool:
    """Return whether the number in a Job's name is a minute shortly before its pod began, and not a date, say."""
    try:
        created_s = datetime.fromisoformat(metadata.get("creationTimestamp") or "").timestamp()
    except ValueError:
        return False
    return -60.0 <= created_s - 60.0 * int(job["minute"]) <= _LATE_DAYS * 86400.0


def _patches(annotations: Mapping[str, str]) -> tuple[str | None, ...]:
    """Return what people say of a target."""
    return tuple(annotations.get(name) for name in (MINIMUM, MAXIMUM, WEIGHT, PAUSE))


def _kept(metadata: Mapping[str, Any], key: str) -> Mapping[str, str]:
    found = metadata.get("annotations")
    if not found:
        return _NOTHING
    ours = {name: found[name][:_LONGEST_TEXT] for name in (key, *_KNOWN) if name in found}
    return ours or _NOTHING

"""What is to be made of an object's annotations, and the requests that make it so.

A change is done when there is nothing left to patch. That one rule tells what need not be written, and it reads back:
the annotations in the answer to a PATCH must leave nothing to patch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from ...model.annotations import (
    EGRESS,
    PRIOR,
    PRIOR_PRIORITY,
    Annotations,
    Patch,
    cap_patch,
    priority_patch,
    release_patch,
)
from ...model.rate import FLOOR_BPS, Rate
from .workloads import POD, Pod, Ref, Workload, limit_bps


class Change(Protocol):
    """What annotations are to say; two that are equal are the same change."""

    def patch(self, annotations: Annotations) -> Patch:
        """Return what to set, ``None`` to remove; empty when it is so already."""


@dataclass(frozen=True, slots=True)
class Cap:
    """Put a cap in force, with Cilium's priority beside it if given.

    A limit that somebody else wrote there is never raised: ours is that one at most, and theirs stays if it is less
    than a cap can be.
    """

    rate: Rate
    priority: str | None = None
    key: str = EGRESS

    def within(self, limit_bps: int | None) -> Rate | None:
        """Return what is written on an object with somebody else's limit; ``None``: theirs stays."""
        if limit_bps is None or limit_bps >= self.rate.bps:
            return self.rate
        return None if limit_bps < FLOOR_BPS else Rate(limit_bps)

    def patch(self, annotations: Annotations) -> Patch:
        """See ``Change``."""
        rate = self.within(limit_bps(annotations, key=self.key))
        if rate is None:
            return release_patch(annotations, key=self.key)
        return cap_patch(annotations, rate, key=self.key, priority=self.priority)


@dataclass(frozen=True, slots=True)
class Priority:
    """Set Cilium's priority alone."""

    priority: str

    def patch(self, annotations: Annotations) -> Patch:
        """See ``Change``."""
        return priority_patch(annotations, self.priority)


@dataclass(frozen=True, slots=True)
class Release:
    """Put back what was there before us."""

    key: str = EGRESS

    def patch(self, annotations: Annotations) -> Patch:
        """See ``Change``."""
        return release_patch(annotations, key=self.key)


@dataclass(frozen=True, slots=True)
class PendingPatch:
    """A change of the object with that name and uid.

    ``falls``: it takes rate away, so it goes before what gives; ``urgent``: it does not wait for the object's turn.
    ``group`` is the workload that the object belongs to: workloads take turns.
    """

    ref: Ref
    uid: str
    change: Change
    falls: bool = False
    urgent: bool = False
    group: str = ""


@dataclass(frozen=True, slots=True)
class Subject:
    """An object as it was last seen, as far as a change needs it; a workload's annotations are its template's."""

    uid: str
    resource_version: str
    annotations: Annotations

    @classmethod
    def of(cls, one: Pod | Workload) -> Subject:
        """Return what of a pod or workload is changed."""
        annotations = one.annotations if isinstance(one, Pod) else one.template_annotations
        return cls(one.uid, one.resource_version, annotations)


def body(ref: Ref, subject: Subject, patch: Patch) -> Mapping[str, Any]:
    """Return the merge patch (RFC 7386) for an object.

    The uid keeps a write from an object of the same name that came in its place: the server refuses it. The first patch
    of an object also says which version it was made for, so that what is remembered as "before us" is what was there.
    """
    metadata: dict[str, Any] = {"uid": subject.uid}
    if patch.keys() & {PRIOR, PRIOR_PRIORITY}:
        metadata["resourceVersion"] = subject.resource_version
    if ref.kind == POD:
        return {"metadata": {**metadata, "annotations": dict(patch)}}
    return {"metadata": metadata, "spec": {"template": {"metadata": {"annotations": dict(patch)}}}}


def annotations_in(ref: Ref, answer: Mapping[str, Any]) -> Annotations:
    """Return the annotations that a change is about from the object in an answer."""
    metadata = answer["metadata"] if ref.kind == POD else answer["spec"]["template"].get("metadata") or {}
    found: Annotations = metadata.get("annotations") or {}
    return found

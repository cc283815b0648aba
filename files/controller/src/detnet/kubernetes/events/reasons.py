"""What an Event says: about which workload, and for which of a few reasons."""

from __future__ import annotations

import enum
from dataclasses import dataclass

from detnet.kubernetes.objects.workloads import Ref


class Reason(enum.Enum):
    """The reason of an Event: CamelCase as Kubernetes asks; docs/operate/kubernetes.md says what each means."""

    THROTTLED = "Throttled"
    RELEASED = "Released"
    BLIND = "Blind"
    NOT_ENFORCED = "CapNotEnforced"
    NO_EFFECT = "CutWithoutEffect"

    @property
    def is_warning(self) -> bool:
        """Whether somebody should act; the others are the controller doing its work."""
        return self not in {Reason.THROTTLED, Reason.RELEASED}


@dataclass(frozen=True, slots=True)
class Subject:
    """The workload that an Event is about. ``status`` is the status annotation that it has now, where that is known."""

    ref: Ref
    uid: str
    status: str | None = None


@dataclass(frozen=True, slots=True)
class WorkloadEvent:
    """One event, as one sentence."""

    subject: Subject
    reason: Reason
    message: str

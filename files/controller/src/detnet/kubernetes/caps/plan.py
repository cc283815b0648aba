"""The configuration of caps on a cluster: whom to protect, whom to cap, and what may be touched."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from detnet.kubernetes.caps.domains import Critical
from detnet.kubernetes.objects.patches import Cap
from detnet.kubernetes.objects.targets import NOTHING, Bounds, Delegation
from detnet.kubernetes.objects.workloads import Ref
from detnet.model.annotations import EGRESS
from detnet.model.rate import Rate


@dataclass(frozen=True, slots=True)
class Plan:
    """The configuration of the Kubernetes actuator.

    Attributes:
        namespaces: where targets and critical workloads are; nothing else is read or written.
        critical: the workloads with an objective.
        targets: the targets that are named; their annotations override these bounds.
        found: the bounds of a target that is found by its label; ``None``: none is looked for.
        every: whatever is not critical is a target, with a label or without.
        delegation: whose labels and annotations may ask for more than the configuration gives.
        key: the annotation that carries the cap.
        rollout: write the caps to the pod templates instead of the pods; each write restarts pods.
        template_cap: the cap that templates of targets carry for pods that are about to start; ``None``: hands off.
        priority: Cilium's priority for the pods of targets, written with their caps; ``None``: hands off.
        critical_priority: Cilium's priority for the templates of critical workloads; ``None``: hands off.
    """

    namespaces: tuple[str, ...]
    critical: tuple[Critical, ...] = ()
    targets: Mapping[Ref, Bounds] = field(default_factory=dict)
    found: Bounds | None = None
    every: bool = False
    delegation: Delegation = NOTHING
    key: str = EGRESS
    rollout: bool = False
    template_cap: Rate | None = None
    priority: str | None = None
    critical_priority: str | None = None

    def cap(self, rate: Rate) -> Cap:
        """Return the change that puts a cap on a pod of a target, or into its template."""
        return Cap(rate, self.priority, self.key)

"""From the wanted state and the present one to the patches that make the one the other."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import lru_cache

from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.objects.faults import Faults
from detnet.kubernetes.objects.patches import Change, PendingPatch, Priority, Release
from detnet.kubernetes.objects.shares import falls, is_step_down, level, per_pod, worth_writing
from detnet.kubernetes.objects.targets import Roster
from detnet.kubernetes.objects.workloads import PLURALS, Pod, Ref, Workload
from detnet.model.annotations import EGRESS, PRIOR, PRIOR_PRIORITY, PRIORITY, Annotations, standing
from detnet.model.rate import FLOOR_BPS, Rate


def cap_of(annotations: Annotations, key: str) -> Rate | None:
    """Return the cap that is in force by the annotations."""
    text = annotations.get(key)
    return None if text is None or len(text) > _LONGEST_RATE else _read(text)


_LONGEST_RATE = 64  # longer texts are no rate, and must not fill the memory below


@lru_cache(maxsize=4096)
def _read(text: str) -> Rate | None:
    """Return what a text means; the pods of a workload share theirs, and each pass asks about every pod."""
    return standing({EGRESS: text}).cap


def touched(annotations: Annotations) -> bool:
    """Return whether anything here is ours to take back."""
    return PRIOR in annotations or PRIOR_PRIORITY in annotations


def on_pods(plan: Plan, cap: Rate, pods: Iterable[Pod], *, sharp: bool | None) -> Iterator[PendingPatch]:
    """Divide a target's cap in a domain over its pods there.

    ``sharp`` tells whether the domain is being cut; ``None``: pods came or went, and only those whose share falls far
    are not made to wait.
    """
    pods = list(pods)
    if not pods:
        return
    change = plan.cap(level(cap, [pod.limit_bps for pod in pods]))
    for pod in pods:
        share = change.within(pod.limit_bps)
        if share is None:
            continue
        now = cap_of(pod.annotations, plan.key)
        ours = PRIOR in pod.annotations and plan.priority in (None, pod.annotations.get(PRIORITY))
        if ours and not worth_writing(share, now, sharp=bool(sharp)):
            continue
        less = falls(share, now)
        urgent = less and (is_step_down(share, now) if sharp is None else sharp or now is None)
        yield PendingPatch(pod.ref, pod.uid, change, less, urgent, str(pod.workload))


def on_template(plan: Plan, cap: Rate, workload: Workload) -> Iterator[PendingPatch]:
    """Write a target's cap to its pod template, divided over the pods that it wants."""
    share = per_pod(cap, max(1, workload.replicas))
    now = cap_of(workload.template_annotations, plan.key)
    if PRIOR not in workload.template_annotations or worth_writing(share, now, sharp=False):
        yield PendingPatch(workload.ref, workload.uid, plan.cap(share), falls(share, now), group=str(workload.ref))


def template_patches(
    plan: Plan, roster: Roster, workloads: Iterable[Workload], faults: Faults
) -> Iterator[PendingPatch]:
    """Write what templates are to carry whatever the loop decides: the safe cap, and what is critical its priority."""
    for one in workloads:
        with faults.contained("workload", one.ref.long_name):
            wanted: Change | None = None
            bounds = roster.targets.get(one.ref)
            if bounds is not None and not bounds.paused and not plan.rollout and plan.template_cap is not None:
                wanted = plan.cap(plan.template_cap)
            elif roster.protects(one.ref) and plan.critical_priority is not None:
                wanted = Priority(plan.critical_priority)
            if wanted is not None and wanted.patch(one.template_annotations):
                yield PendingPatch(one.ref, one.uid, wanted, group=str(one.ref))


def stale_caps(
    plan: Plan, roster: Roster, workloads: Iterable[Workload], pods: Iterable[Pod], faults: Faults
) -> Iterator[PendingPatch]:
    """Take back what is ours on pods and templates that are targets no more.

    A pod whose workload is not there any more is about to go with it: it keeps its cap until then.
    """
    there: set[Ref] = set()
    for one in workloads:
        with faults.contained("workload", one.ref.long_name):
            there.add(one.ref)
            if PRIOR in one.template_annotations and one.ref not in roster.targets:
                yield PendingPatch(one.ref, one.uid, Release(plan.key), group=str(one.ref))
    for pod in pods:
        with faults.contained("pod", pod.ref.long_name):
            if PRIOR in pod.annotations and not pod.deleting and _is_stale(pod, roster, there):
                yield PendingPatch(pod.ref, pod.uid, Release(plan.key), group=str(pod.workload))


def _is_stale(pod: Pod, roster: Roster, there: set[Ref]) -> bool:
    bounds = roster.bounds_of(pod)
    if bounds is not None:
        # Below the least cap somebody else's limit is the one that holds.
        return not bounds.paused and pod.limit_bps is not None and pod.limit_bps < FLOOR_BPS
    return pod.workload in there or pod.workload.kind not in PLURALS


def everything(plan: Plan, workloads: Iterable[Workload], pods: Iterable[Pod]) -> Iterator[PendingPatch]:
    """Take back all that is ours: templates first, so that no new pod is born with it."""
    for one in workloads:
        if touched(one.template_annotations):
            yield PendingPatch(one.ref, one.uid, Release(plan.key), group=str(one.ref))
    for pod in pods:
        if touched(pod.annotations) and not pod.deleting:
            yield PendingPatch(pod.ref, pod.uid, Release(plan.key), group=str(pod.workload))

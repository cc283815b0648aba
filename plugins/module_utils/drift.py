"""Where a pod's cap is not what it should be."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from .kubernetes.objects.workloads import Pod
from .model.annotations import standing
from .model.rate import Rate


def drift(pod: Pod, pods: Sequence[Pod], *, key: str) -> str | None:
    """Return in one sentence what is wrong with the cap of one of a workload's ``pods``; ``None``: nothing is.

    On one node all pods of a workload get the same cap, from the controller as from the module; on another node it may
    be another.
    """
    now = standing(pod.annotations, key=key)
    if now.error is not None:
        unread = f"without limit: the annotation cannot be read ({now.error})"
        return unread if now.cap is None else f"{now.text} is enforced, but below our least cap: {now.cap.quantity}"
    if now.ours and now.text is None:
        return "without limit: somebody took the cap away"
    if not pod.running or pod.host_network:
        return None
    if now.cap is None:
        return "without limit, though other pods have a cap of ours" if _usual(pods, key=key) is not None else None
    usual = _usual([other for other in pods if other.node == pod.node], key=key)
    if usual is None or now.cap == usual:
        return None
    return f"{now.cap.quantity}, though the other pods on {pod.node} have {usual.quantity}"


def _usual(pods: Sequence[Pod], *, key: str) -> Rate | None:
    """Return the cap of ours that most pods have, the least of them if none is ahead; ``None`` without any."""
    caps = [now.cap for now in (standing(pod.annotations, key=key) for pod in pods) if now.ours and now.cap is not None]
    return max(Counter(caps).items(), key=lambda entry: (entry[1], -entry[0].bps))[0] if caps else None

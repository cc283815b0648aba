"""What we write on Kubernetes objects, and the pure patches that write it.

A pod's cap is one annotation, read by the CNI. What stood there before us is kept in a second annotation that is
written in the same patch, so that there is no moment in which a cap of ours is not known to be ours, and release can
restore what was there. Everything else on the object belongs to somebody else and never appears in a patch.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TypeAlias

from .rate import FLOOR_BPS, Rate, RateError, enforced_bps

Annotations: TypeAlias = Mapping[str, str]
Patch: TypeAlias = Mapping[str, "str | None"]

EGRESS = "kubernetes.io/egress-bandwidth"
PRIORITY = "bandwidth.cilium.io/priority"
OWN_PREFIX = "qos.detnet.io/"
PRIOR = "qos.detnet.io/prior-egress-bandwidth"
PRIOR_PRIORITY = "qos.detnet.io/prior-priority"
CLASS = "qos.detnet.io/class"
BEST_EFFORT = "best-effort"
CRITICAL = "critical"
MINIMUM = "qos.detnet.io/min"
MAXIMUM = "qos.detnet.io/max"
WEIGHT = "qos.detnet.io/weight"
PAUSE = "qos.detnet.io/pause"
STATUS = "qos.detnet.io/status"

# The value of the two priors when there was nothing before us; neither a quantity nor a class is ever empty.
NO_PRIOR = ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What an object's annotations say of its cap.

    ``cap`` is what the CNI enforces, ``None`` for no cap. ``text`` is how it is written. ``ours`` tells whether we
    wrote a cap here; ``prior`` is then the text that stood there before, ``None`` for none. ``error`` says why a text
    is no rate of ours, which is worth a warning. Cilium takes most of them for "unlimited", so there is no cap. It does
    enforce what is below our least cap: that counts as the least, so that no write above it passes for a cut.
    """

    cap: Rate | None
    text: str | None
    ours: bool
    prior: str | None
    error: str | None = None


def standing(annotations: Annotations, *, key: str = EGRESS) -> Standing:
    """Return what the annotations say of the cap under ``key``."""
    text, prior = annotations.get(key), annotations.get(PRIOR)
    cap, error = None, None
    if text is not None:
        try:
            cap = Rate.parse(text)
        except RateError as wrong:
            error, held_bps = str(wrong), enforced_bps(text)
            cap = Rate(FLOOR_BPS) if held_bps is not None and held_bps < FLOOR_BPS else None
    return Standing(cap, text, prior is not None, None if prior in (None, NO_PRIOR) else prior, error)


def cap_patch(annotations: Annotations, cap: Rate, *, key: str = EGRESS, priority: str | None = None) -> Patch:
    """Return the annotations to set so that ``cap`` is in force and what was there is remembered; empty: nothing to do.

    A value that is the same rate in other words (``100000k``) is left alone once it is ours. With a ``priority``, that
    is set too: Cilium 1.18.3 looks at a changed priority only when the cap's *text* changes in the same event
    (cilium#44329). So the text differs from the one before, and from the one that release puts back with the priority.
    """
    now = standing(annotations, key=key)
    prioritised = {} if priority is None else priority_patch(annotations, priority)
    taken = {now.text} if prioritised else set()
    if prioritised or PRIOR_PRIORITY in annotations:
        taken.add(now.prior if now.ours else now.text)
    if now.ours and now.cap == cap and now.error is None and now.text not in taken:
        return {}
    texts = (cap.quantity, str(cap.bps), f"{cap.bps}e0", f"{cap.bps}e00")
    remembered = {} if now.ours else {PRIOR: NO_PRIOR if now.text is None else now.text}
    return {key: next(text for text in texts if text not in taken), **remembered, **prioritised}


def priority_patch(annotations: Annotations, priority: str) -> Patch:
    """Return the annotations to set so that Cilium's priority is this one; one that is so already is not made ours."""
    if annotations.get(PRIORITY) == priority:
        return {}
    remembered = {} if PRIOR_PRIORITY in annotations else {PRIOR_PRIORITY: annotations.get(PRIORITY, NO_PRIOR)}
    return {PRIORITY: priority, **remembered}


def release_patch(annotations: Annotations, *, key: str = EGRESS) -> Patch:
    """Return the annotations to set (``None`` removes one) so that the object is as it was; empty: nothing of ours."""
    now = standing(annotations, key=key)
    patch: dict[str, str | None] = {key: now.prior, PRIOR: None} if now.ours else {}
    if PRIOR_PRIORITY in annotations:
        patch |= {PRIORITY: annotations[PRIOR_PRIORITY] or None, PRIOR_PRIORITY: None}
    return patch


def patched(annotations: Annotations, patch: Patch) -> dict[str, str]:
    """Return the annotations after a merge patch (RFC 7386)."""
    after = {**annotations, **patch}
    return {name: value for name, value in after.items() if value is not None}

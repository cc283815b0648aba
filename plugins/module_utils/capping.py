"""Which pods a task may cap, what is written on each, and the writing itself: all of it or nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from .cluster import Cluster, RefusedError
from .kubernetes.objects.patches import Cap, Change, Release, Subject, body
from .kubernetes.objects.shares import per_pod
from .kubernetes.objects.targets import Roster
from .kubernetes.objects.workloads import Pod, pod_of
from .model.annotations import Annotations, Standing, patched, standing
from .model.errors import UserError
from .model.rate import FLOOR_BPS, Rate
from .workloads import Chosen

_TRIES = 3


@dataclass(frozen=True, slots=True)
class Skipped:
    """A pod that is left as it is, and why."""

    pod: Pod
    reason: str


@dataclass(frozen=True, slots=True)
class Move:
    """A pod and what its annotations are to become; ``after`` may be what they are."""

    pod: Pod
    change: Change
    after: Annotations

    @classmethod
    def plan(cls, pod: Pod, change: Change) -> Move:
        """Return the move of a pod as it was read."""
        return cls(pod, change, patched(pod.annotations, change.patch(pod.annotations)))

    @property
    def changed(self) -> bool:
        """Whether anything has to be written."""
        return self.after != self.pod.annotations


def sort_out(one: Chosen, roster: Roster) -> tuple[list[Pod], list[Skipped]]:
    """Return the pods that can be capped, and the others with the reason."""
    reasons = [(pod, _obstacle(one, pod, roster)) for pod in one.pods]
    able = [pod for pod, reason in reasons if reason is None]
    return able, [Skipped(pod, reason) for pod, reason in reasons if reason is not None]


def _obstacle(one: Chosen, pod: Pod, roster: Roster) -> str | None:
    if pod.workload != one.ref:
        return f"belongs to {pod.workload.long_name}: cap that"
    if roster.bounds_of(pod) is None:
        return "critical: never capped"
    if not pod.running:
        return "being deleted" if pod.deleting else f"not running ({pod.phase})"
    return "hostNetwork: no cap is enforced on the node's own network" if pod.host_network else None


def share(rate: Rate, pods: int, *, workload: str) -> Rate:
    """Return each pod's part of a workload's budget that somebody asked for in so many words.

    Raises:
        UserError: the part would be below the least cap.
    """
    if rate.bps // pods < FLOOR_BPS:
        raise UserError(
            f"rate: {rate.quantity} over the {pods} running pods of {workload} is less than the least cap of "
            f"{Rate(FLOOR_BPS).quantity} each: give at least {Rate(FLOOR_BPS * pods).quantity}"
        )
    return per_pod(rate, pods)


def cap_all(pods: Iterable[Pod], cap: Rate, *, key: str) -> list[Move]:
    """Return the moves that give each pod this cap."""
    return [Move.plan(pod, Cap(cap, key=key)) for pod in pods]


def release_all(chosen: Iterable[Chosen], *, key: str) -> list[Move]:
    """Return the moves that restore what was there before us, on every pod that still is to live."""
    return [Move.plan(pod, Release(key)) for one in chosen for pod in one.pods if not pod.deleting]


def carry_out(cluster: Cluster, moves: Sequence[Move], *, key: str, dry_run: bool) -> tuple[list[Move], list[Skipped]]:
    """Write what has to be written and return the moves as they came out, and the pods that are gone meanwhile.

    A dry run asks the server for the same, so that a missing right or an admission policy is told in check mode too.

    Raises:
        UserError: a pod could not be written; the pods written before it have been put back.
    """
    outcome: list[Move] = []
    gone: list[Skipped] = []
    for move in moves:
        try:
            written = _write(cluster, move, key=key, dry_run=dry_run) if move.changed else move
        except UserError as error:
            raise UserError(
                f"{move.pod.ref.long_name}: {error}; {_put_back(cluster, outcome, dry_run=dry_run)}"
            ) from error
        if written is None:
            gone.append(Skipped(move.pod, "deleted meanwhile"))
        else:
            outcome.append(written)
    return outcome, gone


def _write(cluster: Cluster, move: Move, *, key: str, dry_run: bool) -> Move | None:
    """Patch one pod; when somebody else was faster, what is there is read again. ``None``: the pod is no more."""
    pod, path = move.pod, move.pod.ref.path
    for _attempt in range(_TRIES):
        try:
            patch = move.change.patch(pod.annotations)
            if not patch:
                return Move(pod, move.change, pod.annotations)
            written = pod_of(cluster.patch(path, body(pod.ref, Subject.of(pod), patch), dry_run=dry_run), key=key)
            if move.change.patch(written.annotations):
                raise UserError("the API server took the patch, but the pod does not carry it: a webhook undoes it")
            return Move(pod, move.change, written.annotations)
        except RefusedError as error:
            if error.status not in (404, 409):
                raise
        try:
            pod = pod_of(cluster.get(path), key=key)
        except RefusedError as error:
            if error.status == 404:
                return None
            raise
        if pod.uid != move.pod.uid:
            return None
    raise UserError(f"it has changed each of the {_TRIES} times that a patch was tried")


def _put_back(cluster: Cluster, outcome: Iterable[Move], *, dry_run: bool) -> str:
    """Undo what was written and say how that went."""
    written = [] if dry_run else [move for move in outcome if move.changed]
    stuck = []
    for move in reversed(written):
        names = move.after.keys() | move.pod.annotations.keys()
        before = {name: move.pod.annotations.get(name) for name in names}
        undo = {name: text for name, text in before.items() if text != move.after.get(name)}
        try:
            cluster.patch(move.pod.ref.path, {"metadata": {"uid": move.pod.uid, "annotations": undo}}, dry_run=False)
        except RefusedError as error:
            if error.status not in (404, 409):  # gone, and another pod has its name
                stuck.append(move)
        except UserError:
            stuck.append(move)
    if stuck:
        carried = ", ".join(f"{move.pod.key}: {dict(move.after)}" for move in stuck)
        return f"these pods were written and could not be put back: {carried}"
    return f"the {len(written)} pods written before it were put back" if written else "no pod was changed"


def caps_in_force(pods: Iterable[Pod], *, key: str) -> list[Rate | None]:
    """Return each pod's cap; ``None`` where it may send without limit."""
    return [standing(pod.annotations, key=key).cap for pod in pods]


def shown(move: Move, *, key: str) -> dict[str, Any]:
    """Return a move as a module's result."""
    now: Standing = standing(move.after, key=key)
    return {
        "name": move.pod.ref.name,
        "workload": str(move.pod.workload),
        "before": move.pod.annotations.get(key),
        "after": now.text,
        "prior": now.prior,
        "changed": move.changed,
    }


def difference(moves: Iterable[Move]) -> Mapping[str, Mapping[str, Annotations]]:
    """Return the annotations that are about caps, before and after, of each pod on which they change."""
    changed = [move for move in moves if move.changed]
    return {
        "before": {move.pod.key: move.pod.annotations for move in changed},
        "after": {move.pod.key: move.after for move in changed},
    }

"""Which workloads are targets: those named in the configuration and those that say so by their label.

A workload is whatever controller owns a pod. Deployments, StatefulSets and DaemonSets are read, and carry the label
themselves. What else owns pods (a Job, a CloneSet, the StatefulSet of another API group) is known by them alone: it is
one target by the label on its pods, with the annotations of the first pod that has it.

Nothing that is critical is ever a target, whatever else claims it: a workload that an objective names, and, in the
namespaces where the configuration allows it, a workload or pod with the label ``qos.detnet.io/class: critical``.

Who may edit a best-effort workload is the one that is throttled, so what the object says of its own throttling counts
inside the configuration's bounds only: it may ask for less. For more (a larger minimum or weight, a pause, to be
critical) its namespace needs a ``Delegation``.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ...model.annotations import BEST_EFFORT, CLASS, CRITICAL, MAXIMUM, MINIMUM, PAUSE, WEIGHT
from ...model.rate import CEILING_BPS, FLOOR_BPS, Rate, RateError
from .faults import Fault, Faults
from .workloads import POD, Pod, Ref, Workload


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of a workload's cap, over all its pods together, and its weight when a budget is divided.

    A ``paused`` target keeps the caps that it has and takes no part.
    """

    minimum: Rate
    maximum: Rate
    weight: float = 1.0
    paused: bool = False


# Of what could not be worked out: its caps stay as they are.
_HELD = Bounds(Rate(FLOOR_BPS), Rate(CEILING_BPS), paused=True)


@dataclass(frozen=True, slots=True)
class Delegation:
    """The namespaces whose owners may say of their own workloads more than "less"; ``*`` stands for every namespace.

    ``critical``: that they are never capped. ``pause``: that their caps stay as they are. ``share``: a larger minimum,
    up to the configured maximum, and any weight.
    """

    critical: frozenset[str] = frozenset()
    pause: frozenset[str] = frozenset()
    share: frozenset[str] = frozenset()


NOTHING = Delegation()
EVERYTHING = Delegation(*(frozenset({"*"}),) * 3)
"""For a person's own command, which acts with that person's rights."""


def _allows(namespaces: Collection[str], namespace: str) -> bool:
    return namespace in namespaces or "*" in namespaces


@dataclass(frozen=True, slots=True)
class Roster:
    """The targets by name, the workloads that are not to be capped, and one sentence for each thing that is wrong.

    ``critical`` are namespace and name, for every kind, or namespace, name and kind. ``may_be_critical`` are the
    namespaces in which a pod's own label counts. Of ``by_pods`` only the pods with the label are targets. The pods
    ``held`` keep the caps that they have: ``faults`` says why.
    """

    targets: Mapping[Ref, Bounds] = field(default_factory=dict)
    critical: frozenset[tuple[str, ...]] = frozenset()
    problems: tuple[str, ...] = ()
    may_be_critical: frozenset[str] = frozenset()
    by_pods: frozenset[Ref] = frozenset()
    held: frozenset[Ref] = frozenset()
    faults: tuple[Fault, ...] = ()

    def protects(self, ref: Ref) -> bool:
        """Return whether a workload is critical by an objective, or by a label that counts."""
        return is_named(self.critical, ref)

    def target_of(self, pod: Pod) -> Ref | None:
        """Return the target that the pod belongs to; ``None`` for every other pod."""
        if pod.critical and _allows(self.may_be_critical, pod.ref.namespace):
            return None
        if self.protects(pod.workload) or (pod.alone and self.protects(pod.ref)):
            return None
        if pod.alone and pod.ref in self.targets:
            return pod.ref
        if pod.workload in self.by_pods and pod.role != BEST_EFFORT:
            return None
        return pod.workload if pod.workload in self.targets else None

    def bounds_of(self, pod: Pod) -> Bounds | None:
        """Return the bounds of the target that the pod belongs to; ``None`` for every other pod."""
        if pod.ref in self.held:
            return _HELD
        target = self.target_of(pod)
        return None if target is None else self.targets[target]


def is_named(names: Collection[tuple[str, ...]], ref: Ref) -> bool:
    """Return whether namespace and name, or these and the kind, are among the ``names``."""
    return (ref.namespace, ref.name) in names or (ref.namespace, ref.name, ref.kind) in names


class _Labelled(Protocol):
    """What a workload, a pod, and an owner that is known by its pods have in common."""

    @property
    def ref(self) -> Ref: ...
    @property
    def role(self) -> str | None: ...
    @property
    def annotations(self) -> Mapping[str, str]: ...


@dataclass(frozen=True, slots=True)
class _Owner:
    """An owner that is not read, with what one of its pods says."""

    ref: Ref
    role: str | None
    annotations: Mapping[str, str]


def _owners(pods: Iterable[Pod], faults: Faults) -> list[_Labelled]:
    """Return the owners that are known by their pods alone; who labels none of them labels nothing."""
    speakers: dict[Ref, tuple[tuple[bool, bool, Ref], Pod]] = {}
    for pod in pods:
        with faults.contained("pod", pod.ref.long_name):
            if not pod.alone:
                continue
            rank = (pod.role != BEST_EFFORT, pod.role is None, pod.ref)
            if pod.workload not in speakers or rank < speakers[pod.workload][0]:
                speakers[pod.workload] = rank, pod
    return [_Owner(ref, pod.role, pod.annotations) for ref, (_rank, pod) in speakers.items()]


def find(  # noqa: PLR0913 - what is there, and what may be done about it
    configured: Mapping[Ref, Bounds],
    objectives: Collection[tuple[str, ...]],
    workloads: Iterable[Workload],
    pods: Iterable[Pod],
    *,
    defaults: Bounds | None,
    delegation: Delegation = NOTHING,
    every: bool = False,
) -> Roster:
    """Return the targets.

    Args:
        configured: the targets that the configuration names; annotations override its bounds.
        objectives: namespace and name of every workload with an objective, of whichever kind unless that is the third.
        workloads: all workloads of the namespaces in question.
        pods: all their pods.
        defaults: the bounds of a target that is found by its label; ``None`` when none is to be looked for.
        delegation: whose labels and annotations may ask for more than the configuration gives.
        every: whatever is not critical is a target, with a label or without.
    """
    pods, faults = list(pods), Faults()
    owners = _owners(pods, faults)
    named = [pod for pod in pods if pod.alone and pod.ref in configured and pod.ref != pod.workload]
    labelled: list[_Labelled] = [*workloads, *owners, *named]
    critical: set[tuple[str, ...]] = {*objectives}
    for one in labelled:
        with faults.contained(_kind(one.ref), one.ref.long_name):
            if one.role == CRITICAL and _allows(delegation.critical, one.ref.namespace):
                critical.add((one.ref.namespace, one.ref.name))
    wanted = dict(configured)
    problems: list[str] = []
    for one in labelled:
        with faults.contained(_kind(one.ref), one.ref.long_name):
            found = _wanted(one, wanted.get(one.ref), critical, problems, defaults, delegation, every=every)
            if found is not None:
                wanted[one.ref] = found
    targets: dict[Ref, Bounds] = {}
    for ref, bounds in wanted.items():
        with faults.contained(_kind(ref), ref.long_name):
            if not is_named(critical, ref):
                targets[ref] = bounds
            elif not every or ref in configured:
                problems.append(f"{ref.long_name} is critical and is not capped: take it off the targets")
    faulty = faults.names()
    targets.update((one.ref, _HELD) for one in labelled if one.ref.long_name in faulty)
    present = {one.ref for one in labelled}
    problems += [
        f"{ref.long_name} is configured as a target, but there is none" for ref in configured if ref not in present
    ]
    by_pods = frozenset() if every else frozenset(one.ref for one in owners if one.ref.kind != POD)
    roster = Roster(targets, frozenset(critical), (), delegation.critical, by_pods)
    problems += _mislabelled(roster, pods, faults, look=defaults is not None)
    problems += map(str, faults.found)
    faulty = faults.names()
    held = frozenset(pod.ref for pod in pods if faulty and pod.ref.long_name in faulty)
    return replace(roster, problems=tuple(sorted(problems)), held=held, faults=faults.found)


def _kind(ref: Ref) -> str:
    return "pod" if ref.kind == POD else "workload"


def _wanted(  # noqa: PLR0913, PLR0917 - see find
    one: _Labelled,
    bounds: Bounds | None,
    critical: Collection[tuple[str, ...]],
    problems: list[str],
    defaults: Bounds | None,
    delegation: Delegation,
    *,
    every: bool,
) -> Bounds | None:
    """Return the bounds of a target; ``None`` for what is none."""
    if one.role not in (None, BEST_EFFORT, CRITICAL):
        problems.append(
            f"{one.ref.long_name}: the label {CLASS} is {one.role[:63]!r}, expected {BEST_EFFORT} or {CRITICAL}"
        )
    if one.role == CRITICAL and not is_named(critical, one.ref):
        problems.append(f"{one.ref.long_name} {_NOT_CRITICAL}")
    if bounds is None and (every or one.role == BEST_EFFORT):
        bounds = defaults
    return None if bounds is None else _annotated(one, bounds, delegation, problems)


_NOT_CRITICAL = (
    f"has the label {CLASS}: {CRITICAL}, which does not count: no objective names it, and its namespace is not listed "
    "under actuator.kubernetes.delegate.critical"
)


def _mislabelled(roster: Roster, pods: Iterable[Pod], faults: Faults, *, look: bool) -> Iterable[str]:
    """Report labels on pods that their workloads contradict."""
    spared: set[Ref] = set()
    claimed: set[Ref] = set()
    unheard: set[Ref] = set()
    for pod in pods:
        with faults.contained("pod", pod.ref.long_name):
            if pod.critical and pod.workload in roster.targets:
                (spared if roster.bounds_of(pod) is None else claimed).add(pod.workload)
            unasked = look and pod.role == BEST_EFFORT and not pod.alone and not roster.protects(pod.workload)
            if unasked and roster.bounds_of(pod) is None:
                unheard.add(pod.workload)
    yield from (f"{ref.long_name} is a target, but its pods are labelled critical and are not capped" for ref in spared)
    yield from (f"{ref.long_name}: a pod of it {_NOT_CRITICAL}" for ref in claimed)
    yield from (
        f"{ref.long_name}: its pods have the label {CLASS}: {BEST_EFFORT}, but it has not; label the workload itself"
        for ref in unheard
    )


def _annotated(one: _Labelled, bounds: Bounds, delegation: Delegation, problems: list[str]) -> Bounds:
    """Return the bounds with what the annotations may say of them; what cannot be read changes nothing.

    The configured value is safe in place of a bad one: the loop holds any cap inside its objectives, and the least
    would starve a workload for a slip of the pen.
    """
    name, annotations = one.ref.long_name, one.annotations
    shares = _allows(delegation.share, one.ref.namespace)
    least = _rate(name, annotations, MINIMUM, bounds.minimum, problems)
    most = _rate(name, annotations, MAXIMUM, bounds.maximum, problems)
    if least > most:
        problems.append(
            f"{name}: the least cap {least.quantity} is above the largest {most.quantity} (annotations {MINIMUM} "
            f"and {MAXIMUM}); {bounds.minimum.quantity} to {bounds.maximum.quantity} is used"
        )
        least, most = bounds.minimum, bounds.maximum
    maximum = min(max(most, bounds.minimum), bounds.maximum)
    minimum = min(max(least, bounds.minimum), maximum if shares else bounds.minimum)
    if minimum < least:
        problems.append(_held(name, MINIMUM, least.quantity, minimum.quantity, "" if shares else "share"))
    if maximum < most:
        problems.append(_held(name, MAXIMUM, most.quantity, maximum.quantity, ""))
    weight = asked = _weight(name, annotations, bounds.weight, problems)
    if asked > bounds.weight and not shares:
        weight = bounds.weight
        problems.append(_held(name, WEIGHT, f"{asked:g}", f"{weight:g}", "share"))
    return Bounds(minimum, maximum, weight, _paused(one, bounds, delegation, problems))


def _held(name: str, annotation: str, asked: str, used: str, delegate: str) -> str:
    cure = f", or its namespace listed under actuator.kubernetes.delegate.{delegate}" if delegate else ""
    return f"{name}: the annotation {annotation} asks for {asked}, {used} is used: more needs a target's entry{cure}"


def _paused(one: _Labelled, bounds: Bounds, delegation: Delegation, problems: list[str]) -> bool:
    text = one.annotations.get(PAUSE)
    if text is None:
        return bounds.paused
    if text not in ("true", "false"):
        problems.append(
            f"{one.ref.long_name}: the annotation {PAUSE} is {text[:40]!r}, expected true or false; ignored"
        )
        return bounds.paused
    if text == "true" and not _allows(delegation.pause, one.ref.namespace):
        problems.append(
            f"{one.ref.long_name}: the annotation {PAUSE} is ignored: its namespace is not listed under "
            "actuator.kubernetes.delegate.pause"
        )
        return bounds.paused
    return text == "true"


def _rate(owner: str, annotations: Mapping[str, str], name: str, otherwise: Rate, problems: list[str]) -> Rate:
    text = annotations.get(name)
    if text is None:
        return otherwise
    try:
        return Rate.parse(text)
    except RateError as error:
        problems.append(f"{owner}: the annotation {name}: {error}; {otherwise.quantity} is used")
        return otherwise


def _weight(owner: str, annotations: Mapping[str, str], otherwise: float, problems: list[str]) -> float:
    text = annotations.get(WEIGHT)
    if text is None:
        return otherwise
    try:
        weight = float(text)
    except ValueError:
        weight = 0.0
    # The range keeps the smallest share above the rounding of the allocation.
    if 0.001 <= weight <= 1000.0:
        return weight
    problems.append(
        f"{owner}: the annotation {WEIGHT} is {text[:40]!r}, expected a number from 0.001 to 1000; "
        f"{otherwise:g} is used"
    )
    return otherwise

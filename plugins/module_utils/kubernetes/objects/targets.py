"""Which workloads are targets: those named in the configuration and those that say so by their label.

Nothing that is critical is ever a target, whatever else claims it: a workload or pod with the label
``qos.detnet.io/class: critical``, and a workload that an objective names. Where the two meet, the claim is refused
and told.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Protocol

from ...model.annotations import BEST_EFFORT, CLASS, CRITICAL, MAXIMUM, MINIMUM, PAUSE, WEIGHT
from ...model.rate import Rate, RateError
from .workloads import Pod, Ref, Workload


@dataclass(frozen=True, slots=True)
class Bounds:
    """The range of a workload's cap, over all its pods together, and its weight when a budget is divided.

    A ``paused`` target keeps the caps that it has and takes no part.
    """

    minimum: Rate
    maximum: Rate
    weight: float = 1.0
    paused: bool = False


@dataclass(frozen=True, slots=True)
class Roster:
    """The targets by name, the workloads that are not to be capped, and one sentence for each thing that is wrong."""

    targets: Mapping[Ref, Bounds] = field(default_factory=dict)
    critical: frozenset[tuple[str, str]] = frozenset()
    problems: tuple[str, ...] = ()

    def bounds_of(self, pod: Pod) -> Bounds | None:
        """Return the bounds of the target that the pod belongs to; ``None`` for every other pod."""
        if pod.critical or (pod.workload.namespace, pod.workload.name) in self.critical:
            return None
        return self.targets.get(pod.workload)


class _Labelled(Protocol):
    """What a workload and a pod that stands for itself have in common."""

    @property
    def ref(self) -> Ref: ...
    @property
    def role(self) -> str | None: ...
    @property
    def annotations(self) -> Mapping[str, str]: ...


def find(
    configured: Mapping[Ref, Bounds],
    objectives: Collection[tuple[str, str]],
    workloads: Iterable[Workload],
    pods: Iterable[Pod],
    *,
    defaults: Bounds | None,
) -> Roster:
    """Return the targets.

    Args:
        configured: the targets that the configuration names; annotations override its bounds.
        objectives: namespace and name of every workload with an objective, of whichever kind.
        workloads: all workloads of the namespaces in question.
        pods: all their pods; one without a workload of a kind that we know stands for itself.
        defaults: the bounds of a target that is found by its label; ``None`` when none is to be looked for.
    """
    pods = list(pods)
    labelled: list[_Labelled] = [*workloads, *(pod for pod in pods if pod.alone)]
    critical = {(one.ref.namespace, one.ref.name) for one in labelled if one.role == CRITICAL} | {*objectives}
    wanted = dict(configured)
    problems: list[str] = []
    for one in labelled:
        if one.role not in (None, BEST_EFFORT, CRITICAL):
            problems.append(f"{one.ref.told}: the label {CLASS} is {one.role!r}, expected {BEST_EFFORT} or {CRITICAL}")
        if defaults is not None and one.role == BEST_EFFORT:
            wanted.setdefault(one.ref, defaults)
        if one.ref in wanted:
            wanted[one.ref] = _annotated(one, wanted[one.ref], problems)
    present = {one.ref for one in labelled}
    problems += [f"{ref.told} is configured as a target, but there is none" for ref in configured if ref not in present]
    targets = {ref: bounds for ref, bounds in wanted.items() if (ref.namespace, ref.name) not in critical}
    problems += [
        f"{ref.told} is critical and is not capped: take it off the targets" for ref in wanted.keys() - targets
    ]
    roster = Roster(targets, frozenset(critical), ())
    problems += _mislabelled(roster, pods, look=defaults is not None)
    return replace(roster, problems=tuple(sorted(problems)))


def _mislabelled(roster: Roster, pods: Iterable[Pod], *, look: bool) -> Iterable[str]:
    """Tell of labels on pods that their workloads contradict."""
    spared, unheard = set(), set()
    for pod in pods:
        if pod.critical and pod.workload in roster.targets:
            spared.add(pod.workload)
        if look and pod.role == BEST_EFFORT and not pod.alone and roster.bounds_of(pod) is None:
            unheard.add(pod.workload)
    yield from (f"{ref.told} is a target, but its pods are labelled critical and are not capped" for ref in spared)
    yield from (
        f"{ref.told}: its pods have the label {CLASS}: {BEST_EFFORT}, but it has not; label the workload itself"
        for ref in unheard
        if (ref.namespace, ref.name) not in roster.critical
    )


def _annotated(one: _Labelled, bounds: Bounds, problems: list[str]) -> Bounds:
    """Return the bounds with what the annotations say of them; what cannot be read changes nothing and is told.

    The configured value is safe in place of a bad one: the loop holds any cap inside its objectives, and the least
    would starve a workload for a slip of the pen.
    """
    told, annotations = one.ref.told, one.annotations
    minimum = _rate(told, annotations, MINIMUM, bounds.minimum, problems)
    maximum = _rate(told, annotations, MAXIMUM, bounds.maximum, problems)
    if minimum > maximum:
        problems.append(
            f"{told}: the least cap {minimum.quantity} is above the largest {maximum.quantity} (annotations {MINIMUM} "
            f"and {MAXIMUM}); {bounds.minimum.quantity} to {bounds.maximum.quantity} is used"
        )
        minimum, maximum = bounds.minimum, bounds.maximum
    weight = _weight(told, annotations, bounds.weight, problems)
    paused = bounds.paused
    if (text := annotations.get(PAUSE)) is not None:
        paused = text == "true" or (text != "false" and paused)
        if text not in ("true", "false"):
            problems.append(f"{told}: the annotation {PAUSE} is {text[:40]!r}, expected true or false; it is not heard")
    return Bounds(minimum, maximum, weight, paused)


def _rate(told: str, annotations: Mapping[str, str], name: str, otherwise: Rate, problems: list[str]) -> Rate:
    text = annotations.get(name)
    if text is None:
        return otherwise
    try:
        return Rate.parse(text)
    except RateError as error:
        problems.append(f"{told}: the annotation {name}: {error}; {otherwise.quantity} is used")
        return otherwise


def _weight(told: str, annotations: Mapping[str, str], otherwise: float, problems: list[str]) -> float:
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
        f"{told}: the annotation {WEIGHT} is {text[:40]!r}, expected a number from 0.001 to 1000; {otherwise:g} is used"
    )
    return otherwise

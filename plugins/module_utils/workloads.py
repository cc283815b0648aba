"""What a task means by its kind, name, namespace and label selector: the workloads and their pods."""

from __future__ import annotations

import difflib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .cluster import Cluster, RefusedError
from .kubernetes.objects.workloads import PLURALS, POD, Pod, Ref, Workload, pod_of, workload_of
from .model.errors import UserError

KINDS = (*PLURALS, POD)
_LISTED_NAMES = 5


@dataclass(frozen=True, slots=True)
class Choice:
    """A task's options: ``annotation`` carries the cap; either ``name`` or ``selector`` is given."""

    kind: str
    namespace: str
    name: str | None
    selector: str | None
    annotation: str

    @classmethod
    def of(cls, options: Mapping[str, Any]) -> Choice:
        """Return a module's options."""
        return cls(
            options["kind"], options["namespace"], options["name"], options["label_selector"], options["annotation"]
        )

    @property
    def path(self) -> str:
        """The list's path on the API server."""
        api = "/api/v1" if self.kind == POD else "/apis/apps/v1"
        return f"{api}/namespaces/{self.namespace}/{'pods' if self.kind == POD else PLURALS[self.kind]}"


@dataclass(frozen=True, slots=True)
class Chosen:
    """A workload, or a pod that stands for itself, and all its pods, by name."""

    head: Workload | Pod
    pods: tuple[Pod, ...]

    @property
    def ref(self) -> Ref:
        """The name."""
        return self.head.ref


def choose(cluster: Cluster, choice: Choice) -> tuple[Chosen, ...]:
    """Return what the task means, by name.

    Raises:
        UserError: there is no such workload, or the API server refuses.
    """
    if choice.name is not None:
        found = [_named(cluster, choice, Ref(choice.kind, choice.namespace, choice.name))]
    else:
        found = list(cluster.listed(choice.path, selector=choice.selector))
        if not found:
            raise UserError(
                f"no {choice.kind} in namespace {choice.namespace} has the labels {choice.selector}: "
                "correct label_selector, kind or namespace"
            )
    return tuple(sorted((_with_pods(cluster, choice, raw) for raw in found), key=lambda one: one.ref))


def _named(cluster: Cluster, choice: Choice, ref: Ref) -> Mapping[str, Any]:
    try:
        return cluster.get(ref.path)
    except RefusedError as error:
        if error.status != 404:
            raise
        raise UserError(f"there is no {ref.long_name}{_instead(cluster, choice, ref.name)}") from error


def _instead(cluster: Cluster, choice: Choice, name: str) -> str:
    """Return what else there is; not being allowed to look must not hide that there is no such workload."""
    try:
        names = sorted(raw["metadata"]["name"] for raw in cluster.listed(choice.path))
    except RefusedError:
        return ""
    if not names:
        return f": the namespace has no {choice.kind}, or does not exist"
    near = difflib.get_close_matches(name, names)
    shown = ", ".join(near or names[:_LISTED_NAMES])
    return f"; did you mean {shown}?" if near else f"; the namespace has {shown}"


def _with_pods(cluster: Cluster, choice: Choice, raw: Mapping[str, Any]) -> Chosen:
    if choice.kind == POD:
        pod = pod_of(raw, key=choice.annotation)
        return Chosen(pod, (pod,))
    head = workload_of(raw, choice.kind, key=choice.annotation)
    path = f"/api/v1/namespaces/{choice.namespace}/pods"
    listed = cluster.listed(path, selector=selector_text(raw["spec"]["selector"]))
    pods = (pod_of(one, key=choice.annotation) for one in listed)
    # Another workload's selector may match the same pods; the owner tells.
    return Chosen(head, tuple(sorted((pod for pod in pods if pod.workload == head.ref), key=lambda pod: pod.ref)))


def selector_text(selector: Mapping[str, Any]) -> str:
    """Return a workload's selector in the form that a list request takes.

    The two forms: https://kubernetes.io/docs/concepts/overview/working-with-objects/labels/#label-selectors
    """
    written: Mapping[str, Callable[[str, str], str]] = {
        "In": lambda key, values: f"{key} in ({values})",
        "NotIn": lambda key, values: f"{key} notin ({values})",
        "Exists": lambda key, _values: key,
        "DoesNotExist": lambda key, _values: f"!{key}",
    }
    equal = [f"{key}={value}" for key, value in (selector.get("matchLabels") or {}).items()]
    others = [
        written[one["operator"]](one["key"], ",".join(one.get("values") or ()))
        for one in selector.get("matchExpressions") or ()
    ]
    return ",".join(equal + others)

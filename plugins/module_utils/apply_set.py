# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""A set of objects on a cluster: applied by the server, and pruned of what is no longer in it.

The idea, and the name, are kubectl's (``kubectl apply --prune --applyset``); the server-side apply is Kubernetes' own
(https://kubernetes.io/docs/reference/using-api/server-side-apply/).
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from .cluster import Cluster
from .model.errors import UserError

Object = Mapping[str, Any]

_LOOK_EVERY_S = 0.2
# What the server writes, and no user: it changes without a change of the object.
_SERVERS_METADATA = frozenset(
    {"creationTimestamp", "generation", "managedFields", "resourceVersion", "selfLink", "uid"}
)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of object as a cluster names it, such as ``apps/v1`` ``Deployment``."""

    api_version: str
    kind: str

    def __str__(self) -> str:
        return f"{self.api_version} {self.kind}"


@dataclass(frozen=True, slots=True)
class ApplySet:
    """What is asked for.

    Attributes:
        objects: in the order in which they are applied.
        labels: what every object of the set carries, and nothing else does.
        prune: the kinds that the set may have held, in the order in which they are removed.
        namespace: the only namespace to prune in; everywhere without it.
        manager: the field manager of the server-side apply.
        create_only: kinds that are left as they are where they exist.
        optional: kinds that are left out where the cluster does not serve them.
    """

    objects: Sequence[Object]
    labels: Mapping[str, str]
    prune: Sequence[Kind]
    manager: str
    namespace: str | None = None
    create_only: frozenset[str] = frozenset()
    optional: frozenset[str] = frozenset()


@dataclass(slots=True)
class Changes:
    """What was done, or would be, as ``Kind namespace/name``; ``diffs`` holds each object before and after."""

    created: list[str] = field(default_factory=list)
    updated: list[str] = field(default_factory=list)
    pruned: list[str] = field(default_factory=list)
    unserved: list[str] = field(default_factory=list)
    diffs: list[tuple[str, Object, Object]] = field(default_factory=list)

    def __bool__(self) -> bool:
        return bool(self.created or self.updated or self.pruned)

    def __str__(self) -> str:
        done = {"created": self.created, "updated": self.updated, "pruned": self.pruned}
        return "; ".join(f"{verb} {', '.join(names)}" for verb, names in done.items() if names) or "nothing"


def name_of(item: Object) -> str:
    """``Kind namespace/name``, or ``Kind name`` of what has no namespace."""
    metadata = item["metadata"]
    namespace = metadata.get("namespace")
    return f"{item['kind']} {namespace}/{metadata['name']}" if namespace else f"{item['kind']} {metadata['name']}"


def content_of(item: Object) -> dict[str, Any]:
    """What a user has asked of an object: without its status, and without what the server keeps about it."""
    metadata = {key: value for key, value in item["metadata"].items() if key not in _SERVERS_METADATA}
    return {**{key: value for key, value in item.items() if key != "status"}, "metadata": metadata}


def shown(content: Object) -> dict[str, Any]:
    """An object's content for people and logs, without what a Secret holds."""
    if content.get("kind") != "Secret":
        return dict(content)
    return {key: "hidden" if key in {"data", "stringData"} else value for key, value in content.items()}


def apply(cluster: Cluster, wanted: ApplySet, *, dry_run: bool, wait_s: float) -> Changes:
    """Apply the objects, prune what is no longer among them, and wait until that is gone.

    In a dry run nothing changes, and an object in a namespace that is not there counts as created.

    Raises:
        UserError: the cluster lacks a kind or a namespace, and nothing was changed; or it refuses an object, or does
            not remove one within ``wait_s`` seconds, and the message says what was done before.
    """
    changes = Changes()
    api = _Api(cluster)
    objects = list(_served(api, wanted, changes))
    missing = _missing_namespaces(api, objects)
    if missing and not dry_run:
        raise UserError(
            f"the cluster has no namespace {', '.join(sorted(missing))}: create it first, or ask for nothing in it; "
            "nothing was changed"
        )
    try:
        for item in objects:
            _apply_one(api, item, wanted, changes, missing, dry_run=dry_run)
        pruned = list(_prune(api, objects, wanted, changes, dry_run=dry_run))
        _wait_until_gone(api, pruned, wait_s)
    except UserError as error:
        raise UserError(f"{error} (done before: {changes})") from error
    return changes


class _Api:
    """The paths of a cluster's objects, from its own discovery."""

    def __init__(self, cluster: Cluster) -> None:
        self.cluster = cluster
        self._known: dict[str, dict[str, tuple[str, bool]]] = {}

    def serves(self, kind: Kind) -> bool:
        return kind.kind in self._resources(kind.api_version)

    def collection(self, kind: Kind, namespace: str | None) -> str:
        plural, namespaced = self._resources(kind.api_version)[kind.kind]
        where = f"/namespaces/{namespace}" if namespaced and namespace else ""
        return f"{_root(kind.api_version)}{where}/{plural}"

    def path(self, item: Object) -> str:
        kind = _kind(item)
        return f"{self.collection(kind, item['metadata'].get('namespace'))}/{item['metadata']['name']}"

    def _resources(self, api_version: str) -> dict[str, tuple[str, bool]]:
        if api_version not in self._known:
            listed = self.cluster.find(_root(api_version)) or {"resources": []}
            self._known[api_version] = {
                one["kind"]: (one["name"], one["namespaced"]) for one in listed["resources"] if "/" not in one["name"]
            }
        return self._known[api_version]


def _root(api_version: str) -> str:
    return f"/apis/{api_version}" if "/" in api_version else f"/api/{api_version}"


def _kind(item: Object) -> Kind:
    return Kind(item["apiVersion"], item["kind"])


def _served(api: _Api, wanted: ApplySet, changes: Changes) -> Iterator[Object]:
    """Yield the objects that the cluster can hold; a kind that it must serve and does not is an error."""
    for item in wanted.objects:
        kind = _kind(item)
        if api.serves(kind):
            yield item
        elif kind.kind not in wanted.optional:
            raise UserError(
                f"this cluster does not serve {kind}, which {name_of(item)} needs: install it; nothing was changed"
            )
        elif str(kind) not in changes.unserved:
            changes.unserved.append(str(kind))


def _missing_namespaces(api: _Api, objects: Sequence[Object]) -> set[str]:
    made = {item["metadata"]["name"] for item in objects if item["kind"] == "Namespace"}
    asked = {item["metadata"]["namespace"] for item in objects if item["metadata"].get("namespace")}
    there = {name for name in asked if api.cluster.find(f"/api/v1/namespaces/{name}") is not None}
    return asked - there - made


def _apply_one(  # noqa: PLR0913 - one call, of one loop
    api: _Api, item: Object, wanted: ApplySet, changes: Changes, missing: set[str], *, dry_run: bool
) -> None:
    name, path = name_of(item), api.path(item)
    namespace = item["metadata"].get("namespace")
    if namespace in missing or (dry_run and namespace is not None and _would_be_created(namespace, changes)):
        before, after = None, item
    else:
        before = api.cluster.find(path)
        if before is not None and item["kind"] in wanted.create_only:
            return
        after = api.cluster.apply(path, item, manager=wanted.manager, dry_run=dry_run)
    old, new = {} if before is None else content_of(before), content_of(after)
    if old == new:
        return
    (changes.created if before is None else changes.updated).append(name)
    changes.diffs.append((name, shown(old), shown(new)))


def _would_be_created(namespace: str, changes: Changes) -> bool:
    return f"Namespace {namespace}" in changes.created


def _prune(
    api: _Api, objects: Sequence[Object], wanted: ApplySet, changes: Changes, *, dry_run: bool
) -> Iterator[tuple[str, Object]]:
    """Remove what carries the set's labels and is not in it; yield each removed object with its path."""
    kept = {name_of(item) for item in objects}
    selector = ",".join(f"{key}={value}" for key, value in sorted(wanted.labels.items()))
    for kind in wanted.prune:
        if not api.serves(kind):
            continue
        for found in list(api.cluster.listed(api.collection(kind, wanted.namespace), selector=selector)):
            item = {"apiVersion": kind.api_version, "kind": kind.kind, **found}
            if name_of(item) in kept:
                continue
            path = api.path(item)
            if not dry_run:
                api.cluster.delete(path, uid=item["metadata"]["uid"])
                yield path, item
            changes.pruned.append(name_of(item))
            changes.diffs.append((name_of(item), shown(content_of(item)), {}))


def _wait_until_gone(api: _Api, pruned: Sequence[tuple[str, Object]], wait_s: float) -> None:
    deadline_s = time.monotonic() + wait_s
    for path, item in pruned if wait_s > 0 else ():
        while (found := api.cluster.find(path)) is not None and found["metadata"]["uid"] == item["metadata"]["uid"]:
            if time.monotonic() > deadline_s:
                holders = ", ".join(found["metadata"].get("finalizers", [])) or "nobody says what holds it"
                raise UserError(f"{name_of(item)} is still there after {wait_s:g} s ({holders})")
            time.sleep(_LOOK_EVERY_S)

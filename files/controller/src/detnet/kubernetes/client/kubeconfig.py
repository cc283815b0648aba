"""Find the kubeconfig's entry that was asked for, and say in one sentence when it is not there.

The library's loader does the rest. It is not asked first, because it answers a typing error with the Python expression
that failed, or goes on without credentials.
"""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from kubernetes.config.kube_config import ConfigNode, KubeConfigMerger

from detnet.kubernetes.client.api import ClusterAccess
from detnet.model.errors import ConfigError
from detnet.sources.fetch import http_parts, is_plain

_KINDS = {"clusters": "cluster", "contexts": "context", "users": "user"}


@dataclass(frozen=True, slots=True)
class Chosen:
    """One context of the merged files: ``user`` is what its entry says, ``folder`` where relative paths start."""

    merged: ConfigNode
    named: str
    context: str
    user_name: str
    user: Mapping[str, Any]
    folder: Path


def choose(access: ClusterAccess) -> Chosen:
    """Return the context of ``access``, all of whose entries exist.

    Raises:
        ConfigError: there is no file, it is no kubeconfig, or the context leads nowhere.
    """
    paths = _paths(access)
    for path in paths:
        _check(path)
    merged = KubeConfigMerger(os.pathsep.join(map(str, paths))).config
    named = f"the kubeconfig {os.pathsep.join(map(str, paths))}"
    context = access.context or merged.value.get("current-context")
    if not context:
        raise ConfigError(f"{named} has no current context: name one of {_names(merged, 'contexts')}")
    entries = _content(_entry(merged, "contexts", context, named), "context")
    cluster = _entry(merged, "clusters", entries.get("cluster"), named)
    server = str(_content(cluster, "cluster").get("server"))
    if http_parts(server) is None:
        which = f"the cluster {cluster.value['name']!r} in {named}"
        raise ConfigError(f"{which} needs the address of a server, such as https://HOST:6443")
    if entries.get("user") is None:
        return Chosen(merged, named, context, "", {}, Path())
    user = _entry(merged, "users", entries["user"], named)
    content = _content(user, "user")
    if content and not access.plain_http and is_plain(server):
        raise ConfigError(
            f"{named} would send the credentials of {entries['user']!r} to {server} without TLS, for everybody on the "
            "way to read: give the cluster an https:// address, or set credentials_in_plain_http to true"
        )
    return Chosen(merged, named, context, entries["user"], content, Path(user.path).parent)


def _paths(access: ClusterAccess) -> list[Path]:
    """Return the files there are: as for kubectl, those of ``$KUBECONFIG`` that are missing do not count."""
    if access.kubeconfig is not None:
        wanted = [access.kubeconfig]
    else:
        listed = os.environ.get("KUBECONFIG") or "~/.kube/config"
        wanted = [Path(path) for path in listed.split(os.pathsep) if path]
    found = [path for path in (path.expanduser() for path in wanted) if path.exists()]
    if not found:
        raise ConfigError(f"there is no kubeconfig at {os.pathsep.join(map(str, wanted))}")
    return found


def _check(path: Path) -> None:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not text"
        raise ConfigError(f"cannot read the kubeconfig {path}: {reason}") from error
    except yaml.YAMLError as error:
        raise ConfigError(f"the kubeconfig {path} is not YAML: {error}") from error
    if not isinstance(content, dict) or not all(_is_section(content.get(name), kind) for name, kind in _KINDS.items()):
        raise ConfigError(f"{path} is not a kubeconfig: clusters, contexts and users must be lists of named entries")


def _is_section(entries: object, kind: str) -> bool:
    return entries is None or (
        isinstance(entries, list)
        and all(isinstance(entry, dict) and "name" in entry for entry in entries)
        and all(isinstance(entry.get(kind) or {}, dict) for entry in entries)
    )


def _entry(merged: ConfigNode, section: str, name: str | None, named: str) -> ConfigNode:
    for node in merged.value[section]:
        if node.value["name"] == name:
            return node  # type: ignore[no-any-return] # the merger's nodes carry no types
    raise ConfigError(f"{named} has no {_KINDS[section]} {name!r}: it has {_names(merged, section)}")


def _content(node: ConfigNode, kind: str) -> dict[str, Any]:
    """Return what an entry says; an empty one becomes a mapping, because the library's loader accepts no other."""
    node.value[kind] = node.value.get(kind) or {}
    content: dict[str, Any] = node.value[kind]
    return content


def _names(merged: ConfigNode, section: str) -> str:
    return ", ".join(repr(node.value["name"]) for node in merged.value[section]) or "none"

# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of containerd: what a role sets, merged into what others have set."""

from __future__ import annotations

import copy
import json
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

Table = Mapping[str, Any]

_V2, _RUNTIME, _IMAGES = "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"
_HEADER = (
    "# Written by the role detnet.qos.containerd, which keeps what others have set here: runtimes, imports, sections.\n"
    "# The packages' defaults disable CRI, or look for CNI plugins elsewhere.\n"
)
# Of CRI's sections: these are the role's alone, whatever the version calls them.
_OURS = (("sandbox_image",), ("registry",), ("cni", "bin_dir"), ("cni", "bin_dirs"), ("containerd", "runtimes", "runc"))


def merged(existing: str, ours: str) -> str:
    """Return the text of a configuration with both; the role's settings win.

    Args:
        existing: the configuration that is there, or an empty text.
        ours: the role's settings.

    Raises:
        ValueError: what is there is no TOML.
    """
    wanted = tomllib.loads(ours)
    found = tomllib.loads(existing)
    kept = _foreign(found, wanted["version"])
    runtimes = kept.get("plugins", {}).get(_runtime_of(wanted), {}).get("containerd", {}).get("runtimes", {})
    default = _cri(found).get("containerd", {}).get("default_runtime_name")
    result = _merge(kept, wanted)
    if default in runtimes:  # what already runs as that runtime must not be another one after a restart
        result["plugins"][_runtime_of(wanted)]["containerd"]["default_runtime_name"] = default
    return _HEADER + "\n".join(_written(result)) + "\n"


def overridden(effective: str, ours: str) -> list[str]:
    """Return the settings of the role that have another value in what containerd makes of all files.

    Args:
        effective: the answer of ``containerd config dump``.
        ours: the role's settings, as ``merged`` takes them.
    """
    found, wanted = tomllib.loads(effective), tomllib.loads(ours)
    wanted["plugins"][_runtime_of(wanted)]["containerd"].pop("default_runtime_name")
    return list(_differing(found.get("plugins", {}), wanted["plugins"], ""))


def _foreign(found: Table, version: int) -> dict[str, Any]:
    kept = copy.deepcopy({name: value for name, value in found.items() if name != "version"})
    kept["disabled_plugins"] = [name for name in kept.get("disabled_plugins", []) if name not in ("cri", _V2)]
    if not kept["disabled_plugins"]:
        del kept["disabled_plugins"]
    plugins = kept.get("plugins", {})
    if found.get("version", 1) != version:  # the plugins have other names; the runtimes' form is the same
        runtimes = _cri(found).get("containerd", {}).get("runtimes", {})
        kept["plugins"] = {_V2 if version == 2 else _RUNTIME: {"containerd": {"runtimes": copy.deepcopy(runtimes)}}}
        plugins = kept["plugins"]
    for name in (_V2, _RUNTIME, _IMAGES):
        for path in _OURS:
            _drop(plugins.get(name, {}), path)
    return kept


def _cri(found: Table) -> Table:
    plugins = found.get("plugins", {})
    section: Table = plugins.get(_RUNTIME) or plugins.get(_V2) or plugins.get("cri") or {}
    return section


def _runtime_of(wanted: Table) -> str:
    return _V2 if _V2 in wanted["plugins"] else _RUNTIME


def _drop(section: dict[str, Any], path: tuple[str, ...]) -> None:
    for name in path[:-1]:
        section = section.get(name, {})
    section.pop(path[-1], None)


def _merge(below: Table, above: Table) -> dict[str, Any]:
    result = dict(below)
    for name, value in above.items():
        both = isinstance(value, dict) and isinstance(below.get(name), dict)
        result[name] = _merge(below[name], value) if both else value
    return result


def _differing(found: Table, wanted: Table, place: str) -> Iterator[str]:
    for name, value in wanted.items():
        there = found.get(name)
        if isinstance(value, dict):
            yield from _differing(there if isinstance(there, dict) else {}, value, f"{place}{name}.")
        elif there is not None and there != value:
            yield f"{place}{name} is {json.dumps(there)} and not {json.dumps(value)}"


def _written(table: Table, path: tuple[str, ...] = ()) -> Iterator[str]:
    values = {name: value for name, value in table.items() if not isinstance(value, dict)}
    if path and (values or not table):
        yield f"\n[{'.'.join(map(_key, path))}]"
    for name, value in sorted(values.items(), key=lambda item: (item[0] != "version", item[0])):
        yield f"{_key(name)} = {_value(value)}"
    for name, value in sorted(table.items()):
        if isinstance(value, dict):
            yield from _written(value, (*path, name))


def _key(name: str) -> str:
    return name if name.isascii() and name.replace("_", "").replace("-", "").isalnum() else _value(name)


def _value(value: object) -> str:
    """Return a value of TOML; its strings are those of JSON but for DEL, which TOML wants escaped."""
    if isinstance(value, dict):
        return "{" + ", ".join(f"{_key(name)} = {_value(each)}" for name, each in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(map(_value, value)) + "]"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return str(value)

# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Where a stored kubeadm configuration differs from the wanted one."""

from __future__ import annotations

DOCUMENTATION = r"""
name: configuration_drift
short_description: Tell where a stored kubeadm configuration differs from the wanted one
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Compares only what is wanted, because kubeadm adds its own defaults to what it stores; but an argument in
    C(extraArgs) that is not wanted is a difference.
  - Lists of C(name) and C(value), as kubeadm v1beta4 has them, and the maps of its earlier versions are the same.
options:
  _input:
    description: What is stored.
    type: dict
    required: true
  wanted:
    description: What is wanted.
    type: dict
    required: true
"""

EXAMPLES = r"""
- name: Say what has drifted
  ansible.builtin.debug:
    msg: "{{ stored | detnet.qos.configuration_drift(wanted) }}"
"""

RETURN = r"""
_value:
  description: One entry for each difference, with the C(path) of the field, what is C(stored) and what is C(wanted).
  type: list
  elements: dict
"""

from collections.abc import Callable, Mapping
from typing import Any

# kubeadm stores this one as if it had been asked for.
ADDED = frozenset({"authorization-mode"})


def configuration_drift(stored: Any, wanted: Any) -> list[dict[str, Any]]:
    """Return each difference; see the documentation above."""
    return list(_differences(_plain(stored), _plain(wanted), ""))


def _differences(stored: Any, wanted: Any, path: str) -> list[dict[str, Any]]:
    if isinstance(stored, Mapping) and isinstance(wanted, Mapping) and path.endswith(".extraArgs"):
        stored = {name: value for name, value in stored.items() if name in wanted or name not in ADDED}
    if not isinstance(wanted, Mapping) or path.endswith(".extraArgs"):
        # What is empty is not stored, so that nothing and an empty list are the same.
        return [] if (stored or None) == (wanted or None) else [{"path": path, "stored": stored, "wanted": wanted}]
    fields = stored if isinstance(stored, Mapping) else {}
    found = []
    for name, value in wanted.items():
        found += _differences(fields.get(name), value, f"{path}.{name}" if path else str(name))
    return found


def _plain(value: Any) -> Any:
    """Bring all API versions to one form: arguments as maps of text, other lists without an order."""
    if isinstance(value, Mapping):
        return {str(name): _plain(each) for name, each in value.items() if name != "apiVersion"}
    if isinstance(value, list):
        if value and all(isinstance(each, Mapping) and set(each) == {"name", "value"} for each in value):
            return {str(each["name"]): str(each["value"]) for each in value}
        return sorted((_plain(each) for each in value), key=repr)
    return value


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., Any]]:
        """Return it under its name."""
        return {"configuration_drift": configuration_drift}

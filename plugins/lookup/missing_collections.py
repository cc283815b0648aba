# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which of the collections that this one depends on are not installed."""

from __future__ import annotations

DOCUMENTATION = r"""
name: missing_collections
short_description: Name the dependencies of this collection that are not installed
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Compares the dependencies that this collection declares with the collections that Ansible finds on the control node.
  - Lists those that are not there, and those whose version is not one of the declared ones.
"""

EXAMPLES = r"""
- name: Require the collections
  ansible.builtin.assert:
    that: query('detnet.qos.missing_collections') | length == 0
"""

RETURN = r"""
_list:
  description: The missing collections.
  type: list
  elements: dict
  contains:
    name:
      description: Its name.
      type: str
      sample: kubernetes.core
    wanted:
      description: The versions that are declared.
      type: str
      sample: ">=6.0.0,<7.0.0"
    found:
      description: The version that is installed, empty if none is.
      type: str
"""

import json
from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import yaml
from ansible.plugins.lookup import LookupBase

_ROOT = Path(__file__).parents[2]


class LookupModule(LookupBase):  # type: ignore[misc]
    """The lookup."""

    def run(
        self, terms: list[str], variables: Mapping[str, object] | None = None, **kwargs: object
    ) -> list[dict[str, str]]:
        """Return the missing collections; it takes no terms."""
        from packaging.specifiers import SpecifierSet  # noqa: PLC0415 - ansible-core brings it, its sanity tests do not

        missing = []
        for name, wanted in _metadata(_ROOT)["dependencies"].items():
            found = _installed(name)
            if not found or not SpecifierSet(wanted).contains(found, prereleases=True):
                missing.append({"name": name, "wanted": wanted, "found": found})
        return missing


def _installed(name: str) -> str:
    try:
        package = import_module(f"ansible_collections.{name}")
    except ImportError:
        return ""
    return str(_metadata(Path(package.__path__[0]))["version"])


def _metadata(folder: Path) -> dict[str, Any]:
    """What a collection says of itself: in its manifest where it was installed, in galaxy.yml in a checkout."""
    try:
        manifest = json.loads((folder / "MANIFEST.json").read_text(encoding="utf-8"))
        return dict(manifest["collection_info"])
    except FileNotFoundError:
        return dict(yaml.safe_load((folder / "galaxy.yml").read_text(encoding="utf-8")))

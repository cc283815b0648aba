# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether containerd heeds its configuration."""

from __future__ import annotations

DOCUMENTATION = r"""
name: containerd_overridden
short_description: Tell which settings of containerd have no effect
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Compares settings with what containerd makes of all its files.
  - Until version 1.7 an imported file replaces the whole section of a plugin.
options:
  _input:
    description: The answer of C(containerd config dump).
    type: str
    required: true
  settings:
    description: The settings, as TOML in the format of version 2 or 3.
    type: str
    required: true
"""

EXAMPLES = r"""
- name: Assert that no import has the last word
  ansible.builtin.assert:
    that: dump.stdout | detnet.qos.containerd_overridden(settings) == []
"""

RETURN = r"""
_value:
  description: What has another value, one sentence each.
  type: list
  elements: str
"""

from collections.abc import Callable

from ..plugin_utils.containerd import overridden


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., list[str]]]:
        """Return it under its name."""
        return {"containerd_overridden": overridden}

# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The configuration of containerd."""

from __future__ import annotations

DOCUMENTATION = r"""
name: containerd_configuration
short_description: Merge settings into a configuration of containerd
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Keeps what others have set, such as NVIDIA's runtime, C(imports) and sections of other plugins.
  - The given settings win, and those of CRI that they replace are gone.
options:
  _input:
    description: The settings, as TOML in the format of version 2 or 3.
    type: str
    required: true
  existing:
    description: The configuration that is there, or an empty text.
    type: str
    default: ""
"""

EXAMPLES = r"""
- name: Show what would be written
  ansible.builtin.debug:
    msg: "{{ settings | detnet.qos.containerd_configuration(found.content | b64decode) }}"
"""

RETURN = r"""
_value:
  description: The text of the configuration.
  type: str
"""

from collections.abc import Callable

from ansible.errors import AnsibleFilterError

from ..plugin_utils.containerd import merged


def containerd_configuration(ours: str, existing: str = "") -> str:
    """Return it; see the documentation above."""
    try:
        return merged(existing, ours)
    except ValueError as error:
        raise AnsibleFilterError(
            f"the existing configuration of containerd is no TOML ({error}); correct it, or take it away"
        ) from error


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., str]]:
        """Return it under its name."""
        return {"containerd_configuration": containerd_configuration}

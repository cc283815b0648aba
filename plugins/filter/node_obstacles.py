# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Which nodes can run a pod."""

from __future__ import annotations

DOCUMENTATION = r"""
name: node_obstacles
short_description: Tell what keeps a pod off each node
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Knows nodes that are not ready, cordoned, virtual, without Linux, or tainted with what the pod does not tolerate.
  - Nodes without the label C(kubernetes.io/hostname) are left out, because no pod can be sent there by name.
options:
  _input:
    description: The nodes, as the API has them.
    type: list
    elements: dict
    required: true
  tolerations:
    description: The tolerations of the pod.
    type: list
    elements: dict
    default: []
"""

EXAMPLES = r"""
- name: Choose the nodes that take a pod
  ansible.builtin.set_fact:
    fit: "{{ found | dict2items | selectattr('value', 'eq', '') | map(attribute='key') }}"
  vars:
    found: "{{ nodes.resources | detnet.qos.node_obstacles }}"
"""

RETURN = r"""
_value:
  description: By the nodes' label C(kubernetes.io/hostname), what keeps the pod off; an empty text where nothing does.
  type: dict
"""

from collections.abc import Callable

from ..plugin_utils.nodes import obstacles


class FilterModule:
    """The filter."""

    def filters(self) -> dict[str, Callable[..., dict[str, str]]]:
        """Return it under its name."""
        return {"node_obstacles": obstacles}

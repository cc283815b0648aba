# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether Cilium's agents can enforce caps."""

from __future__ import annotations

DOCUMENTATION = r"""
name: cilium_agent_faults
short_description: Tell why agents of Cilium cannot enforce caps
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Judges what each agent answers; the configuration says only what was asked of it.
  - An agent enforces caps if its bandwidth manager is on, Cilium's program is attached to the egress of each of its
    devices, and the qdisc C(fq) is in place there.
options:
  _input:
    description:
      - Results of M(kubernetes.core.k8s_exec) in the container C(cilium-agent).
      - The C(item) of each is a list of the agent's pod and of what it was asked, a dictionary with C(key) and
        C(value). The C(key) is V(status) for C(cilium-dbg status -o json), V(programs) for C(bpftool -j net show),
        and V(qdiscs) for C(cilium-dbg shell -- db/show bandwidth-qdiscs).
    type: list
    elements: dict
    required: true
"""

EXAMPLES = r"""
- name: Assert that every agent enforces caps
  ansible.builtin.assert:
    that: answers.results | detnet.qos.cilium_agent_faults | length == 0
"""

RETURN = r"""
_value:
  description: A sentence for each fault, none if there is none.
  type: list
  elements: str
"""

from collections.abc import Callable

from ..plugin_utils.cilium_agents import faults


class FilterModule:
    """Ansible asks this class for the filters."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filters by their names."""
        return {"cilium_agent_faults": faults}

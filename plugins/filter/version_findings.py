# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The filter ``version_findings``."""

from __future__ import annotations

DOCUMENTATION = r"""
name: version_findings
short_description: Tell whether versions work together and still get fixes
version_added: 0.2.0
author: detnet.qos contributors (@detnet)
description:
  - Judges a choice of Kubernetes, containerd and Cilium by a table of what works together.
positional: _input, support
options:
  _input:
    description: The versions, by V(kubernetes), V(containerd) and V(cilium).
    type: dict
    required: true
  support:
    description:
      - For each of them its lines, such as V(1.30), with C(end), C(latest), C(containerd), C(kubernetes), C(fixed)
        and C(weakness).
    type: dict
    required: true
  today:
    description: The day to judge by, such as V(2026-01-31).
    type: str
    required: true
  out_of_support:
    description: Whether a version without support is a warning or a problem.
    type: str
    choices: [warn, refuse]
    default: warn
"""

EXAMPLES = r"""
- name: Stop where versions cannot work together
  ansible.builtin.assert:
    that: (versions | detnet.qos.version_findings(table, today='2026-01-31')).problems | length == 0
  vars:
    versions: {kubernetes: 1.36.5, containerd: 1.7.28, cilium: 1.20.2}
    table: {kubernetes: {"1.36": {containerd: [2.2.0]}}}
"""

RETURN = r"""
_value:
  description: The sentences.
  type: dict
  contains:
    problems:
      description: What cannot work.
      type: list
      elements: str
    warnings:
      description: What works and should not be.
      type: list
      elements: str
"""

from collections.abc import Callable, Mapping

from ..plugin_utils.versions import Support, judge


def version_findings(
    versions: Mapping[str, str], support: Support, *, today: str, out_of_support: str = "warn"
) -> dict[str, list[str]]:
    """Return the sentences as problems and warnings."""
    findings = judge(versions, support, today=today, refuse_old=out_of_support == "refuse")
    return {
        "problems": [str(each) for each in findings if not each.warning],
        "warnings": [str(each) for each in findings if each.warning],
    }


class FilterModule:
    """Ansible asks this class for the filters."""

    def filters(self) -> dict[str, Callable[..., object]]:
        """Return the filter by its name."""
        return {"version_findings": version_findings}

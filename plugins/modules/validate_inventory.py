#!/usr/bin/python
# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of an action plugin: it runs on the control node alone."""

from __future__ import annotations

DOCUMENTATION = r"""
module: validate_inventory
short_description: Tell everything that is wrong with the inventory at once
version_added: 0.2.0
author:
  - detnet.qos contributors (@detnet)
description:
  - Judges the variables of all hosts by the argument specs of all roles of this collection, without a connection to any
    host.
  - Knows wrong types and choices, names that nothing reads (with the nearest one that something does), namespaces, node
    names and labels that Kubernetes would not take, networks that
    overlap, versions that cannot work together, groups without hosts, and a kubeconfig that is none.
  - Fails with one message that names each variable, its value and what to do. Versions out of support are warnings.
options:
  kubeconfig:
    description: The kubeconfig to judge. Empty means none.
    type: str
    default: ""
  context:
    description: The context that shall be in it. Empty means its current one.
    type: str
    default: ""
  insecure:
    description: Whether the kubeconfig may name a server without TLS, or one whose certificate is not checked.
    type: bool
    default: false
extends_documentation_fragment: ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: all
"""

EXAMPLES = r"""
- name: Stop before anything is changed
  detnet.qos.validate_inventory:
    kubeconfig: "{{ detnet_kubeconfig }}"
"""

RETURN = r"""
# It has no answer but success, and otherwise the message.
"""

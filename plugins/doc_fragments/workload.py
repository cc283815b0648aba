# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The options with which both modules select workloads."""

from __future__ import annotations


class ModuleDocFragment:
    """The options that choose workloads."""

    DOCUMENTATION = r"""
options:
  kind:
    description:
      - The kind of workload. V(Pod) is for a pod that stands for itself.
    type: str
    choices: [Deployment, StatefulSet, DaemonSet, Pod]
    default: Deployment
  name:
    description:
      - The name of the workload.
    type: str
  namespace:
    description:
      - The namespace of the workload.
    type: str
    required: true
  label_selector:
    description:
      - Chooses all workloads of O(kind) in O(namespace) that have these labels, such as
        V(qos.detnet.io/class=best-effort).
    type: str
  annotation:
    description:
      - The annotation that carries the cap and that the CNI enforces, Cilium and the CNI bandwidth plugin alike.
    type: str
    default: kubernetes.io/egress-bandwidth
requirements:
  - python >= 3.11
  - kubernetes >= 24.2.0
"""

#!/usr/bin/python
# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""The documentation of an action plugin, which reads a kubeconfig and compares a word."""

from __future__ import annotations

DOCUMENTATION = r"""
module: confirm
short_description: Refuse to destroy a part of a cluster that the operator has not named
version_added: 0.2.0
author:
  - detnet.qos contributors (@detnet)
description:
  - Succeeds if the variable C(detnet_confirm) is the cluster's API server, such as V(192.0.2.11:6443), as C(admin.conf)
    or C(kubelet.conf) on the host names it. So a run with the wrong inventory is refused by the hosts themselves.
  - A host without a kubeconfig goes by the inventory, which is C(control_plane_endpoint) of the first host of the group
    C(control_plane), and by the cluster that it was confirmed to belong to earlier in the same run.
  - Otherwise it fails, and says what would have been destroyed and how to confirm. In check mode too.
options:
  destroys:
    description: What is lost if the play goes on.
    type: str
    required: true
  cluster_of:
    description: Whose cluster it is. V(host) is the host's, V(kubeconfig) that of a kubeconfig on the control node.
    type: str
    choices: [host, kubeconfig]
    default: host
  kubeconfig:
    description:
      - The kubeconfig on the control node, with O(cluster_of=kubeconfig).
      - Empty means E(K8S_AUTH_KUBECONFIG), then E(KUBECONFIG), then C(~/.kube/config).
    type: str
    default: ""
  context:
    description: The context in O(kubeconfig). Empty means E(K8S_AUTH_CONTEXT), then its current one.
    type: str
    default: ""
  kubernetes_dir:
    description: kubeadm's folder on the host.
    type: path
    default: /etc/kubernetes
extends_documentation_fragment: ansible.builtin.action_common_attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: none
  platform:
    platforms: posix
"""

EXAMPLES = r"""
- name: Assert that the reset is confirmed
  detnet.qos.confirm:
    destroys: the control plane, with etcd and the CA
  any_errors_fatal: true
  tags: [always]
"""

RETURN = r"""
cluster:
  description: The name that was confirmed.
  returned: success
  type: str
  sample: 192.0.2.11:6443
"""

#!/usr/bin/python
# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell what the pods of a workload may send, and what the controller last decided about it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bandwidth_info
short_description: Tell what Kubernetes workloads may send
version_added: 0.2.0
author:
  - detnet.qos contributors (@detnet)
description:
  - Tells for every pod of the chosen workloads its cap, what was there before, and whether something is wrong with it.
  - A cap that the CNI cannot read means no limit at all, silently. This module says so, and warns.
  - Without O(name) and O(label_selector) all workloads of O(kind) that say which class they are in are told of.
extends_documentation_fragment:
  - detnet.qos.connection
  - detnet.qos.attributes
  - detnet.qos.attributes.info_module
  - detnet.qos.workload
seealso:
  - module: detnet.qos.bandwidth
"""

EXAMPLES = r"""
- name: Look at one workload
  detnet.qos.bandwidth_info:
    name: telemetry-upload
    namespace: robot-factory
  register: telemetry

- name: Stop when a cap is not what it should be
  ansible.builtin.assert:
    that: telemetry.workloads | map(attribute='pods') | flatten | selectattr('drift') | length == 0

- name: Look at all Deployments of a namespace that have a class
  detnet.qos.bandwidth_info:
    namespace: robot-factory
"""

RETURN = r"""
cluster:
  description: The cluster that was asked, as kubectl finds it.
  returned: success, and failure once the cluster is known
  type: dict
  contains:
    context:
      description: The context, empty for the options of the task alone and for the pod's service account.
      type: str
      sample: plant-test
    server:
      description: The API server.
      type: str
      sample: https://192.0.2.11:6443
    found_in:
      description: Where that is written.
      type: str
      sample: the kubeconfig /etc/kubernetes/admin.conf
    acting_as:
      description: As whom the user acts, only where it does.
      type: str
    kubernetes_core:
      description: Why the modules of kubernetes.core would act elsewhere with these options, only where they would.
      type: str
workloads:
  description: The chosen workloads, by name.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: Namespace, kind and name.
      type: str
      sample: robot-factory/deployment/telemetry-upload
    class:
      description: The class that its label C(qos.detnet.io/class) states, if any.
      type: str
      sample: best-effort
    allowed:
      description: What its running pods may send together, none if one of them has no limit.
      type: str
      sample: 20M
    settings:
      description: Its own annotations C(qos.detnet.io/min), C(max), C(weight) and C(pause), as far as they are set.
      type: dict
      sample: {min: 10M, pause: "true"}
    status:
      description: The controller's last sentence about it, none if it has no target there.
      type: str
      sample: at most 20 Mbit/s, throttled for robot-control, since 2026-01-01T12:00:00Z
    pods:
      description: Its pods, by name.
      type: list
      elements: dict
      contains:
        name:
          description: The pod.
          type: str
        node:
          description: The node, none if it has none yet.
          type: str
        phase:
          description: The pod's phase.
          type: str
        class:
          description: The class that the pod's own label states, if any.
          type: str
        cap:
          description: Its cap as it is written, none if there is none.
          type: str
          sample: 10M
        ours:
          description: Whether detnet.qos has put the cap there.
          type: bool
        prior:
          description: What a release would restore, none if that is no cap.
          type: str
        host_network:
          description: Whether it uses the node's own network, where no cap is enforced.
          type: bool
        drift:
          description: What is wrong with the cap, none if nothing is.
          type: str
          sample: "without limit: somebody took the cap away"
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.arguments import WORKLOAD_SPEC
from ..module_utils.capping import caps_in_force
from ..module_utils.cluster import connected
from ..module_utils.connection import CONNECTION_SPEC
from ..module_utils.drift import drift
from ..module_utils.kubernetes.objects.shares import together
from ..module_utils.kubernetes.objects.workloads import Pod
from ..module_utils.model.annotations import CLASS, MAXIMUM, MINIMUM, PAUSE, STATUS, WEIGHT, standing
from ..module_utils.workloads import Choice, Chosen, choose

_SETTINGS = {"min": MINIMUM, "max": MAXIMUM, "weight": WEIGHT, "pause": PAUSE}


def workload_result(one: Chosen, *, key: str) -> dict[str, Any]:
    """Return a workload as the module's result."""
    annotations = one.head.annotations
    allowed = together(caps_in_force((pod for pod in one.pods if pod.running), key=key))
    return {
        "name": str(one.ref),
        "class": one.head.role,
        "allowed": None if allowed is None else allowed.quantity,
        "settings": {name: annotations[each] for name, each in _SETTINGS.items() if each in annotations},
        "status": annotations.get(STATUS),
        "pods": [{**_pod(pod, key=key), "drift": drift(pod, one.pods, key=key)} for pod in one.pods],
    }


def _pod(pod: Pod, *, key: str) -> dict[str, Any]:
    now = standing(pod.annotations, key=key)
    return {
        "name": pod.ref.name,
        "node": pod.node or None,
        "phase": pod.phase,
        "class": pod.role,
        "cap": now.text,
        "ours": now.ours,
        "prior": now.prior,
        "host_network": pod.host_network,
    }


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**CONNECTION_SPEC, **WORKLOAD_SPEC},
        supports_check_mode=True,
        mutually_exclusive=[("name", "label_selector")],
    )
    options, key = dict(module.params), module.params["annotation"]
    if options["name"] is None and options["label_selector"] is None:
        options["label_selector"] = CLASS
    with connected(module) as cluster:
        workloads = [workload_result(one, key=key) for one in choose(cluster, Choice.of(options))]
        for workload in workloads:
            for pod in workload["pods"]:
                if pod["drift"] is not None:
                    module.warn(f"{workload['name']}: pod {pod['name']}: {pod['drift']}")
        module.exit_json(changed=False, cluster=cluster.named, workloads=workloads)


if __name__ == "__main__":
    main()

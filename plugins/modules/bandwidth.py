#!/usr/bin/python
# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Cap the egress of a workload's pods, release it, or let the controller's own rules decide once."""

from __future__ import annotations

DOCUMENTATION = r"""
module: bandwidth
short_description: Cap what a Kubernetes workload sends
version_added: 0.2.0
author:
  - detnet.qos contributors (@detnet)
description:
  - Puts a cap on the egress of a workload's running pods, live and without a restart, by the annotation that Cilium
    and the CNI bandwidth plugin read.
  - Remembers what was there before and puts it back with O(state=absent).
  - Can measure the critical traffic and decide by the same rules, in the same code, as the controller does
    (O(state=decided)).
  - Never caps a pod that is critical, by the label C(qos.detnet.io/class=critical) on itself or on its workload.
  - All pods are written or none. When one cannot be written, those written before it are put back, and if that fails
    too the message says what each carries.
  - A pod that starts later gets no cap. That is what the controller is for.
options:
  state:
    description:
      - V(present) puts O(rate) in force, V(absent) restores what was there before, V(decided) makes one decision as the
        controller would and puts it in force.
      - V(decided) has no memory, so it neither waits after a breach nor learns. Run it when you want one answer, and
        the controller when you want a promise kept.
    type: str
    choices: [present, absent, decided]
    default: present
  rate:
    description:
      - What each chosen workload may send, in bit/s as a Kubernetes quantity, V(20M) for 20 Mbit/s. It is divided over
        the running pods, and no pod gets less than V(1M).
      - Required for O(state=present).
    type: str
  per_pod:
    description:
      - Give O(rate) to each pod instead of dividing it.
    type: bool
    default: false
  apply:
    description:
      - With V(false) and O(state=decided) the decision is returned and nothing is changed.
    type: bool
    default: true
extends_documentation_fragment:
  - detnet.qos.connection
  - detnet.qos.attributes
  - detnet.qos.decision
  - detnet.qos.workload
attributes:
  check_mode:
    support: full
    details:
      - The server is asked for every change in a dry run, so that a missing right is told as well.
  diff_mode:
    support: full
  idempotent:
    support: partial
    details:
      - Not with O(state=decided), which answers what it sees. A breach that is still there is cut again.
notes:
  - The controller gives its targets their caps back at its next pass. Pause the workload first with the annotation
    C(qos.detnet.io/pause=true) where it runs.
  - O(state=decided) leaves a paused workload alone, O(state=present) does not.
seealso:
  - module: detnet.qos.bandwidth_info
"""

EXAMPLES = r"""
- name: Let telemetry send 20 Mbit/s in all
  detnet.qos.bandwidth:
    name: telemetry-upload
    namespace: robot-factory
    rate: 20M

- name: Give back what was there before, on everything that is best effort
  detnet.qos.bandwidth:
    label_selector: qos.detnet.io/class=best-effort
    namespace: robot-factory
    state: absent

- name: Ask the probe, decide and put it in force
  detnet.qos.bandwidth:
    name: telemetry-upload
    namespace: robot-factory
    state: decided
    objectives:
      - {workload: robot-control, latency: 10ms, jitter: 2ms}
    probe_url: http://probe.robot-factory:9862

- name: Only ask what would be done about these figures
  detnet.qos.bandwidth:
    name: telemetry-upload
    namespace: robot-factory
    state: decided
    apply: false
    policy: aimd
    objectives:
      - {workload: robot-control, latency: 10ms}
    measured:
      robot-control: {latency: 14ms}
  register: answer

- name: The same connection for all of them
  hosts: localhost
  module_defaults:
    group/detnet.qos.k8s:
      kubeconfig: /etc/kubernetes/admin.conf
      namespace: robot-factory
  tasks:
    - name: Cap the cameras at 5 Mbit/s each
      detnet.qos.bandwidth:
        kind: DaemonSet
        name: camera
        rate: 5M
        per_pod: true
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
pods:
  description: Every pod that is capped or released, whether or not something had to be written.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The pod.
      type: str
    workload:
      description: What the pod belongs to.
      type: str
      sample: robot-factory/deployment/telemetry-upload
    before:
      description: The cap before, none if there was no such annotation.
      type: str
      sample: 50M
    after:
      description: The cap afterwards, in check mode the one that would be there.
      type: str
      sample: 10M
    prior:
      description: What O(state=absent) would restore, none if that is no cap.
      type: str
      sample: 50M
    changed:
      description: Whether this pod had to be written.
      type: bool
skipped:
  description: The pods that are left as they are, and why.
  returned: success
  type: list
  elements: dict
  contains:
    name:
      description: The pod.
      type: str
    workload:
      description: What the pod belongs to.
      type: str
    reason:
      description: Why it is left as it is.
      type: str
      sample: "hostNetwork: no cap is enforced on the node's own network"
caps:
  description: What each workload may send, by its name.
  returned: O(state=present) and O(state=decided)
  type: dict
  sample:
    robot-factory/deployment/telemetry-upload: 20M
decision:
  description: What was decided and why.
  returned: O(state=decided)
  type: dict
  contains:
    action:
      description: What becomes of the budget, C(raise), C(hold), C(trim), C(cut) or C(decay).
      type: str
    mode:
      description: Which rule decided, C(breach), C(settling), C(blind), C(unresolved), C(waiting) or C(growth).
      type: str
    policy:
      description: The policy of growth.
      type: str
    reason:
      description: The decision in one sentence.
      type: str
      sample: "cut 400 Mbit/s to 360 Mbit/s: robot-control jitter 3.5 ms against 2 ms"
    budget_before:
      description: What all chosen workloads were allowed to send together.
      type: str
      sample: 400M
    budget:
      description: What they may send from now on.
      type: str
      sample: 360M
    findings:
      description: Each figure held against its limit.
      type: list
      elements: dict
      contains:
        verdict:
          description: C(met), C(breached), C(unresolved) or C(blind).
          type: str
        finding:
          description: The figure in words.
          type: str
          sample: robot-control jitter 3.5 ms against 2 ms
    terms:
      description: The terms of the policy, by name.
      type: dict
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule
from ansible.module_utils.common.yaml import yaml_dump

from ..module_utils.arguments import DECISION_SPEC, WORKLOAD_SPEC, refuse_unheard
from ..module_utils.capping import carry_out, difference, shown
from ..module_utils.cluster import Cluster, connected
from ..module_utils.connection import CONNECTION_SPEC
from ..module_utils.deciding import decision_result
from ..module_utils.model.errors import UserError
from ..module_utils.states import absent, decided, present
from ..module_utils.workloads import Choice, choose

_STATES = {"present": present, "absent": absent, "decided": decided}
_SPEC = {
    **CONNECTION_SPEC,
    **WORKLOAD_SPEC,
    "state": {"type": "str", "choices": list(_STATES), "default": "present"},
    "rate": {"type": "str"},
    "per_pod": {"type": "bool", "default": False},
    "apply": {"type": "bool", "default": True},
    **DECISION_SPEC,
}


def result_of(module: AnsibleModule, cluster: Cluster) -> dict[str, Any]:
    """Do what the task asks for and return what the module returns.

    Raises:
        UserError: it cannot be done; the message is for the user.
    """
    options, key = module.params, module.params["annotation"]
    plan = _STATES[options["state"]](choose(cluster, Choice.of(options)), options)
    for problem in plan.problems:
        module.warn(problem)
    if options["apply"]:
        moves, gone = carry_out(cluster, plan.moves, key=key, dry_run=module.check_mode)
    else:
        moves, gone = [], []
    result: dict[str, Any] = {
        "cluster": cluster.named,
        "changed": any(move.changed for move in moves),
        "pods": [shown(move, key=key) for move in moves],
        "skipped": [
            {"name": one.pod.ref.name, "workload": str(one.pod.workload), "reason": one.reason}
            for one in (*plan.skipped, *gone)
        ],
    }
    if plan.caps is not None:
        result["caps"] = {name: cap.quantity for name, cap in plan.caps.items()}
    if plan.decision is not None:
        result["decision"] = decision_result(plan.decision)
    if module._diff:  # noqa: SLF001 - Ansible's own name for it
        result["diff"] = {side: yaml_dump(pods) for side, pods in difference(moves).items()}
    return result


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=_SPEC,
        supports_check_mode=True,
        required_one_of=[("name", "label_selector")],
        mutually_exclusive=[("name", "label_selector"), ("measured", "probe_url", "prometheus_url")],
        required_if=[
            ("state", "present", ("rate",)),
            ("state", "decided", ("objectives",)),
            ("state", "decided", ("measured", "probe_url", "prometheus_url"), True),
        ],
    )
    try:
        refuse_unheard(module.params)
    except UserError as error:
        module.fail_json(msg=str(error))
    with connected(module) as cluster:
        module.exit_json(**result_of(module, cluster))


if __name__ == "__main__":
    main()

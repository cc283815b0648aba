#!/usr/bin/python
# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Tell how far kubeadm has come on a host, and what is to be done next."""

from __future__ import annotations

DOCUMENTATION = r"""
module: kubeadm_node_info
short_description: Tell how far kubeadm has come on a host
version_added: 0.2.0
author:
  - detnet.qos contributors (@detnet)
description:
  - Judges from the state of the host and of its cluster whether kubeadm's C(init) or C(join) is to run, is done, was
    interrupted, or must not run.
  - No file alone decides, because kubeadm writes its files long before it is done.
  - Needs C(kubectl) on a control plane, and nothing but Python on a worker.
extends_documentation_fragment:
  - detnet.qos.attributes
  - detnet.qos.attributes.info_module
options:
  role:
    description: What the host shall be.
    type: str
    required: true
    choices: [control_plane, worker]
  dns:
    description: Whether a finished cluster has a DNS service. For O(role=control_plane).
    type: bool
    default: true
  node_name:
    description: The name of the node. For O(role=worker).
    type: str
  cluster_ca:
    description: RV(ca) of the control plane. For O(role=worker).
    type: str
  nodes:
    description: RV(nodes) of the control plane. For O(role=worker).
    type: dict
  kubernetes_dir:
    description: kubeadm's folder.
    type: path
    default: /etc/kubernetes
  etcd_dir:
    description: etcd's data folder.
    type: path
    default: /var/lib/etcd
  kubelet_dir:
    description: The kubelet's folder.
    type: path
    default: /var/lib/kubelet
attributes:
  action_group:
    support: none
    membership: []
"""

EXAMPLES = r"""
- name: Look at the control plane
  detnet.qos.kubeadm_node_info:
    role: control_plane
  register: control_plane

- name: Look at a worker
  detnet.qos.kubeadm_node_info:
    role: worker
    node_name: worker1
    cluster_ca: "{{ hostvars['cp1'].control_plane.ca }}"
    nodes: "{{ hostvars['cp1'].control_plane.nodes }}"
"""

RETURN = r"""
action:
  description:
    - What is to be done. V(finish) means that kubeadm's last phases are to be run again, V(reset) that C(kubeadm reset)
      goes before C(init) or C(join), V(refuse) that a person has to decide.
  returned: success
  type: str
  sample: keep
reason:
  description: Why, in one sentence.
  returned: success
  type: str
  sample: the API server is ready, and kubeadm's init is complete
cure:
  description: What the operator can do, with RV(action=refuse).
  returned: success
  type: str
finished:
  description: Whether the control plane was complete at some time.
  returned: success
  type: bool
leftovers:
  description: What kubeadm has left on the host.
  returned: success
  type: list
  elements: str
ca:
  description: The SHA-256 of the public key of the host's CA, as C(caCertHashes) wants it, none without a CA.
  returned: success
  type: str
nodes:
  description: The nodes of the cluster by name, with RV(ignore:registered), C(ready), C(labels) and C(kubelet_version).
  returned: with O(role=control_plane)
  type: dict
certificates:
  description: The day on which each certificate ends, by its file.
  returned: with O(role=control_plane)
  type: dict
  sample: {/etc/kubernetes/pki/apiserver.crt: "2027-11-22"}
cluster_configuration:
  description: kubeadm's ClusterConfiguration as the cluster keeps it, in YAML, empty if there is none.
  returned: with O(role=control_plane)
  type: str
kube_proxy:
  description: Whether kube-proxy runs in the cluster.
  returned: with O(role=control_plane)
  type: bool
"""

from pathlib import Path
from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.kubeadm import verdict
from ..module_utils.kubeadm.host import Cluster, Host, now_utc
from ..module_utils.model.errors import UserError

ARGUMENTS: dict[str, Any] = {
    "role": {"type": "str", "required": True, "choices": ["control_plane", "worker"]},
    "dns": {"type": "bool", "default": True},
    "node_name": {"type": "str"},
    "cluster_ca": {"type": "str"},
    "nodes": {"type": "dict"},
    "kubernetes_dir": {"type": "path", "default": "/etc/kubernetes"},
    "etcd_dir": {"type": "path", "default": "/var/lib/etcd"},
    "kubelet_dir": {"type": "path", "default": "/var/lib/kubelet"},
}


def control_plane(module: AnsibleModule, host: Host) -> dict[str, Any]:
    """Return the result for a control plane."""
    cluster = Cluster.ask(module.run_command, host.admin, dns=module.params["dns"])
    trouble = [] if not cluster.trouble else [*host.trouble(now_utc()), cluster.trouble]
    judged = verdict.control_plane(
        verdict.ControlPlane(
            leftovers=host.leftovers(),
            finished=host.finished() and host.admin.exists(),
            joined=host.finished() and not host.admin.exists() and not host.manifests(),
            answers=not cluster.trouble,
            missing=cluster.missing,
            trouble=trouble,
        )
    )
    return {
        **_verdict(judged),
        **_seen(host),
        "nodes": cluster.nodes or {},
        "cluster_configuration": cluster.configuration,
        "kube_proxy": cluster.kube_proxy,
        "certificates": host.ends(),
    }


def worker(module: AnsibleModule, host: Host) -> dict[str, Any]:
    """Return the result for a worker."""
    known = (module.params["nodes"] or {}).get(module.params["node_name"])
    judged = verdict.worker(
        verdict.Worker(
            leftovers=host.leftovers(),
            control_plane=bool(host.manifests()),
            kubelet_ca=host.kubelet_ca(),
            own_ca=host.ca(),
            cluster_ca=module.params["cluster_ca"],
            known=known is not None,
            complete=known is not None and (known["registered"] or host.joined()),
        )
    )
    return {**_verdict(judged), **_seen(host)}


def _seen(host: Host) -> dict[str, Any]:
    return {"finished": host.finished(), "ca": host.ca(), "leftovers": host.leftovers()}


def _verdict(judged: verdict.Verdict) -> dict[str, Any]:
    return {"action": judged.action, "reason": judged.reason, "cure": judged.cure}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec=ARGUMENTS,
        supports_check_mode=True,
        required_if=[("role", "worker", ["node_name", "cluster_ca", "nodes"])],
    )
    folders = (Path(module.params[name]) for name in ("kubernetes_dir", "etcd_dir", "kubelet_dir"))
    judge = control_plane if module.params["role"] == "control_plane" else worker
    try:
        module.exit_json(changed=False, **judge(module, Host(*folders)))
    except UserError as error:
        module.fail_json(msg=str(error))


if __name__ == "__main__":
    main()

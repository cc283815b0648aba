#!/usr/bin/python
# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Read paths of the API server, also the pages of a program behind its proxy."""

from __future__ import annotations

DOCUMENTATION = r"""
module: api_info
short_description: Read paths of a Kubernetes API server
version_added: 0.2.0
author:
  - detnet.qos contributors (@detnet)
description:
  - Reads what is not an object, such as C(/version), C(/readyz), or the metrics of a pod through the API server's
    proxy.
  - Every request ends. A credential plugin gets 30 s, the answer 5 s.
extends_documentation_fragment:
  - detnet.qos.connection
  - detnet.qos.attributes
  - detnet.qos.attributes.info_module
options:
  path:
    description:
      - The path, with its query where it has one.
      - Exactly one of O(path) and O(paths) is required.
    type: str
  paths:
    description:
      - Several paths, each under a name of yours, read over one connection.
      - One that the server does not have is answered with nothing, so that a play can ask what is there.
    type: dict
requirements:
  - python >= 3.11
  - PyYAML
"""

EXAMPLES = r"""
- name: Ask whether the API server is there
  detnet.qos.api_info:
    path: /version

- name: Ask for a namespace and its pods, in one task
  detnet.qos.api_info:
    paths:
      namespace: /api/v1/namespaces/robot-factory
      pods: /api/v1/namespaces/robot-factory/pods?labelSelector=app%3Drobot-control

- name: Read a controller's metrics without a way to its pod
  detnet.qos.api_info:
    path: /api/v1/namespaces/detnet-system/pods/detnet-controller-0:9863/proxy/metrics
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
answer:
  description: An object where the answer is JSON, otherwise its text.
  returned: success, with O(path)
  type: raw
  sample: {gitVersion: v1.36.2}
answers:
  description: For each name in O(paths) such an answer, or V(null) where the server does not have the path.
  returned: success, with O(paths)
  type: dict
  sample: {namespace: {kind: Namespace}, policies: null}
"""

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.cluster import connected
from ..module_utils.connection import CONNECTION_SPEC


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={**CONNECTION_SPEC, "path": {"type": "str"}, "paths": {"type": "dict"}},
        mutually_exclusive=[("path", "paths")],
        required_one_of=[("path", "paths")],
        supports_check_mode=True,
    )
    path, paths = module.params["path"], module.params["paths"]
    with connected(module) as cluster:
        if path is not None:
            module.exit_json(changed=False, cluster=cluster.named, answer=cluster.get(path))
        answers = {name: cluster.find(str(each)) for name, each in paths.items()}
        module.exit_json(changed=False, cluster=cluster.named, answers=answers)


if __name__ == "__main__":
    main()

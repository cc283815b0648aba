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
  - Every request ends. Connecting takes 10 s at most, the answer 5 s.
extends_documentation_fragment:
  - kubernetes.core.k8s_auth_options
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
  - kubernetes >= 24.2.0
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

from ansible.module_utils.basic import AnsibleModule, missing_required_lib

from ..module_utils.cluster import Cluster
from ..module_utils.connection import AUTH_ARG_SPEC, connection, require_kubernetes_core
from ..module_utils.model.errors import UserError


def main() -> None:
    """Run the module."""
    require_kubernetes_core()
    module = AnsibleModule(
        argument_spec={**AUTH_ARG_SPEC, "path": {"type": "str"}, "paths": {"type": "dict"}},
        mutually_exclusive=[("path", "paths")],
        required_one_of=[("path", "paths")],
        supports_check_mode=True,
    )
    options = dict(module.params)
    try:
        cluster = Cluster.connect(connection(options))
        if options["path"] is not None:
            module.exit_json(changed=False, answer=cluster.get(options["path"]))
        answers = {name: cluster.find(str(path)) for name, path in options["paths"].items()}
    except UserError as error:
        module.fail_json(msg=str(error))
    except ImportError as error:
        module.fail_json(msg=missing_required_lib("kubernetes"), exception=error)
    module.exit_json(changed=False, answers=answers)


if __name__ == "__main__":
    main()

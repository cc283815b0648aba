#!/usr/bin/python
# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Apply a set of Kubernetes objects, and prune what is no longer in it."""

from __future__ import annotations

DOCUMENTATION = r"""
module: apply_set
short_description: Apply a set of Kubernetes objects, and prune what is no longer in it
version_added: 0.2.0
author:
  - detnet.qos contributors (@detnet)
description:
  - Applies objects by the server, in their order, and then removes what carries the labels of the set and is not
    among them.
  - What cannot be done, because the cluster lacks a kind or a namespace, is refused before anything is changed.
  - In check mode the API server tries each change without making it. What belongs in a namespace that is not there yet
    counts as created.
extends_documentation_fragment:
  - detnet.qos.connection
  - detnet.qos.attributes
attributes:
  check_mode:
    support: full
  diff_mode:
    support: full
  idempotent:
    support: full
options:
  objects:
    description: The objects, in the order in which they are applied. None removes the whole set.
    type: list
    elements: dict
    default: []
  labels:
    description: The labels that every object of this set carries, and nothing else does.
    type: dict
    required: true
  prune:
    description: The kinds that the set may have held, in the order in which they are removed.
    type: list
    elements: dict
    required: true
    suboptions:
      api_version:
        description: Such as V(apps/v1).
        type: str
        required: true
      kind:
        description: Such as V(Deployment).
        type: str
        required: true
  namespace:
    description: The only namespace to prune in. Without it the set is pruned everywhere.
    type: str
  field_manager:
    description: The name under which the API server remembers who set a field.
    type: str
    required: true
  create_only:
    description: Kinds that are left as they are where they exist, such as V(Namespace).
    type: list
    elements: str
    default: []
  optional:
    description: Kinds that are left out where the cluster does not serve them.
    type: list
    elements: str
    default: []
  wait_timeout:
    description: How many seconds a removed object may take to be gone. V(0) does not wait.
    type: int
    default: 120
requirements:
  - python >= 3.11
  - PyYAML
"""

EXAMPLES = r"""
- name: Apply the objects of one release, and remove those of the release before
  detnet.qos.apply_set:
    objects: "{{ lookup('ansible.builtin.template', 'objects.yml.j2') | from_yaml_all | list }}"
    labels: {app.kubernetes.io/managed-by: example}
    prune:
      - {api_version: apps/v1, kind: Deployment}
      - {api_version: v1, kind: ConfigMap}
    namespace: example
    field_manager: example
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
created:
  description: The objects that were created, or would be.
  returned: success
  type: list
  elements: str
  sample: [Deployment example/web]
updated:
  description: The objects that were changed, or would be.
  returned: success
  type: list
  elements: str
pruned:
  description: The objects that were removed, or would be.
  returned: success
  type: list
  elements: str
unserved:
  description: The kinds of O(optional) that this cluster does not serve.
  returned: success
  type: list
  elements: str
  sample: [cilium.io/v2 CiliumNetworkPolicy]
"""

from typing import Any

from ansible.module_utils.basic import AnsibleModule

from ..module_utils.apply_set import ApplySet, Changes, Kind, apply
from ..module_utils.cluster import connected
from ..module_utils.connection import CONNECTION_SPEC

_KIND = {"api_version": {"type": "str", "required": True}, "kind": {"type": "str", "required": True}}


def main() -> None:
    """Run the module."""
    module = AnsibleModule(
        argument_spec={
            **CONNECTION_SPEC,
            "objects": {"type": "list", "elements": "dict", "default": []},
            "labels": {"type": "dict", "required": True},
            "prune": {"type": "list", "elements": "dict", "required": True, "options": _KIND},
            "namespace": {"type": "str"},
            "field_manager": {"type": "str", "required": True},
            "create_only": {"type": "list", "elements": "str", "default": []},
            "optional": {"type": "list", "elements": "str", "default": []},
            "wait_timeout": {"type": "int", "default": 120},
        },
        supports_check_mode=True,
    )
    options = dict(module.params)
    wanted = ApplySet(
        objects=options["objects"],
        labels=options["labels"],
        prune=[Kind(one["api_version"], one["kind"]) for one in options["prune"]],
        namespace=options["namespace"],
        manager=options["field_manager"],
        create_only=frozenset(options["create_only"]),
        optional=frozenset(options["optional"]),
    )
    with connected(module) as cluster:
        changes = apply(cluster, wanted, dry_run=module.check_mode, wait_s=options["wait_timeout"])
        module.exit_json(changed=bool(changes), cluster=cluster.named, **_result(changes))


def _result(changes: Changes) -> dict[str, Any]:
    return {
        "created": changes.created,
        "updated": changes.updated,
        "pruned": changes.pruned,
        "unserved": changes.unserved,
        "diff": [
            {"before_header": name, "before": before, "after_header": name, "after": after}
            for name, before, after in changes.diffs
        ],
    }


if __name__ == "__main__":
    main()

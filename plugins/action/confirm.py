# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Refuse to destroy a part of a cluster that the operator has not named."""

from __future__ import annotations

import base64
from typing import Any

from ansible.errors import AnsibleActionFail
from ansible.plugins.action import ActionBase

from ..module_utils.connection import connection, otherwise_for_kubernetes_core
from ..module_utils.model.errors import UserError
from ..plugin_utils import confirmation

# On a control plane kubelet.conf may name this host alone, so that admin.conf comes first.
_FILES = ("admin.conf", "kubelet.conf", "bootstrap-kubelet.conf")
_FACT = "detnet_cluster"


class ActionModule(ActionBase):  # type: ignore[misc]
    """Reads a kubeconfig, on the host or on the control node, and changes nothing."""

    TRANSFERS_FILES = False
    _supports_check_mode = True
    _supports_diff = False

    def run(self, tmp: str | None = None, task_vars: dict[str, Any] | None = None) -> dict[str, Any]:
        """Succeed if ``detnet_confirm`` is the cluster's name, and otherwise say what would be lost."""
        result: dict[str, Any] = super().run(tmp, task_vars)
        _validated, given = self.validate_argument_spec(
            {
                "destroys": {"type": "str", "required": True},
                "cluster_of": {"type": "str", "choices": ["host", "kubeconfig"], "default": "host"},
                "kubeconfig": {"type": "str", "default": ""},
                "context": {"type": "str", "default": ""},
                "kubernetes_dir": {"type": "path", "default": "/etc/kubernetes"},
            }
        )
        known = task_vars or {}
        if given["cluster_of"] == "kubeconfig":
            names, where = [_of_control_node(given["kubeconfig"], given["context"])], "through its API server"
        else:
            names, where = self._of_host(given["kubernetes_dir"], known), f"host {known['inventory_hostname']}"
        word = str(self._templar.template(known.get("detnet_confirm", "")) or "")
        if word not in names:
            message = confirmation.refusal(destroys=given["destroys"], where=where, cluster=names[0], given=word)
            return result | {"changed": False, "failed": True, "msg": message}
        # The next step of the same run may find that the host has forgotten its cluster.
        facts = {f"ansible_{_FACT}": word} if given["cluster_of"] == "host" else {}
        return result | {"changed": False, "cluster": word, "ansible_facts": facts}

    def _of_host(self, folder: str, known: dict[str, Any]) -> list[str]:
        for name in _FILES:
            path = f"{folder}/{name}"
            found = self._execute_module("ansible.builtin.slurp", {"src": path}, task_vars=known)
            if not found.get("failed"):
                return [_endpoint(base64.b64decode(found["content"]).decode(), path)]
            if "not found" not in found.get("msg", ""):  # such as no right to read it: this host is not bare
                raise AnsibleActionFail(f"{path} may name a cluster and cannot be read: {found.get('msg')}")
        members = known["groups"].get("control_plane") or [known["inventory_hostname"]]
        confirmed = known.get("ansible_facts", {}).get(_FACT)
        return [*filter(None, [confirmed]), confirmation.endpoint_of_inventory(known["hostvars"], members)]


def _of_control_node(kubeconfig: str, context: str) -> str:
    try:
        options = {"kubeconfig": kubeconfig, "context": context}
        chosen, _insecurity = connection(options)
        otherwise = otherwise_for_kubernetes_core(options, chosen)
    except UserError as error:
        raise AnsibleActionFail(
            f"Nothing was changed: a kubeconfig is to say which cluster this is for ({error}); "
            "name one in detnet_kubeconfig."
        ) from error
    if otherwise is not None:
        raise AnsibleActionFail(
            f"Nothing was changed: {chosen} is meant, but some tasks use kubernetes.core, and {otherwise}."
        )
    return confirmation.endpoint_of(chosen.server)


def _endpoint(text: str, path: str) -> str:
    try:
        return confirmation.endpoint(text)
    except ValueError as error:
        what = f"{path} is to say which cluster this is for, and {error}"
        raise AnsibleActionFail(f"Nothing was changed: {what}.") from error

"""The connection options of kubernetes.core, which its users know, for modules that talk to a cluster.

Apart from the options of a decision, so that a module that only asks the cluster imports no control policy.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from typing import Any

try:
    from ansible_collections.kubernetes.core.plugins.module_utils.args_common import AUTH_ARG_SPEC
except ImportError:
    AUTH_ARG_SPEC = {}


def require_kubernetes_core() -> None:
    """End the module in one sentence where kubernetes.core is missing.

    Without AnsibleModule, which would take the connection options for unknown ones.
    """
    if not AUTH_ARG_SPEC:
        cure = "ansible-galaxy collection install kubernetes.core"
        told = f"The collection kubernetes.core is not installed on the control node, nothing was changed: run {cure}"
        sys.stdout.write(json.dumps({"failed": True, "msg": told}))
        raise SystemExit(1)


def connection(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options of kubernetes.core that say where the cluster is."""
    return {name: options[name] for name in AUTH_ARG_SPEC}

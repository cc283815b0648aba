"""The argument specs behind the documentation in ``doc_fragments``."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .control.policy_registry import POLICIES
from .model.annotations import EGRESS
from .model.errors import UserError
from .model.objectives import Priority
from .workloads import KINDS

WORKLOAD_SPEC: Mapping[str, Any] = {
    "kind": {"type": "str", "choices": list(KINDS), "default": "Deployment"},
    "name": {"type": "str"},
    "namespace": {"type": "str", "required": True},
    "label_selector": {"type": "str"},
    "annotation": {"type": "str", "default": EGRESS},
}
_QUERY = {
    "type": "dict",
    "options": {
        "expression": {"type": "str", "required": True},
        "unit": {"type": "str", "required": True, "choices": ["s", "ms", "us", "ratio", "percent"]},
    },
}
_OBJECTIVE = {
    "workload": {"type": "str", "required": True},
    "latency": {"type": "str"},
    "jitter": {"type": "str"},
    "loss": {"type": "str"},
    "priority": {"type": "str", "choices": [priority.value for priority in Priority], "default": "critical"},
    "path": {"type": "str"},
    "hubble": {"type": "dict"},
    "promql": {
        "type": "dict",
        "options": {
            "measured_by": {"type": "str", "required": True},
            "latency": _QUERY,
            "jitter": _QUERY,
            "loss": _QUERY,
        },
    },
}
_CREDENTIALS = {
    "bearer_token_file": {"type": "path", "no_log": False},
    "username": {"type": "str"},
    "password_file": {"type": "path", "no_log": False},
    "ca_file": {"type": "path"},
}
_PARAMETERS = {
    "increase": {"type": "str"},
    "aggressive_decrease": {"type": "str"},
    "gentle_decrease": {"type": "str"},
    "decrease": {"type": "str"},
    "ewma_alpha": {"type": "float"},
    "dead_band": {"type": "str"},
}
DECISION_SPEC: Mapping[str, Any] = {
    "objectives": {"type": "list", "elements": "dict", "options": _OBJECTIVE},
    "measured": {"type": "dict"},
    "probe_url": {"type": "str"},
    "prometheus_url": {"type": "str"},
    "prometheus_credentials": {"type": "dict", "options": _CREDENTIALS},
    "scrape_interval": {"type": "str", "default": "1s"},
    "policy": {"type": "str", "choices": list(POLICIES), "default": "learned"},
    "policy_parameters": {"type": "dict", "options": _PARAMETERS},
    "min": {"type": "str", "default": "10M"},
    "max": {"type": "str", "default": "1000M"},
    "safe": {"type": "str"},
    "sending": {"type": "str"},
}
# Options with a default of their own are not told apart from given ones.
_HEARD_BY: Mapping[str, str] = {
    "rate": "present",
    "objectives": "decided",
    "measured": "decided",
    "probe_url": "decided",
    "prometheus_url": "decided",
    "policy_parameters": "decided",
    "safe": "decided",
    "sending": "decided",
}


def refuse_unheard(options: Mapping[str, Any]) -> None:
    """Refuse an option that the chosen state does not look at: it must not be taken for heard.

    Raises:
        UserError: there is one.
    """
    for name, state in _HEARD_BY.items():
        if options[name] is not None and options["state"] != state:
            raise UserError(f"{name} belongs to state={state} and says nothing with state={options['state']}")

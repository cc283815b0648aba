"""Cilium's resource type for policies, made from our list of its fields, for a real API server to judge by."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

SCHEMA = json.loads(Path(__file__).with_name("ciliumnetworkpolicy_v2.json").read_text(encoding="utf-8"))
OF_THE_SERVER = {"apiVersion": {"type": "string"}, "kind": {"type": "string"}, "metadata": {"type": "object"}}
KEPT = {"type", "enum", "pattern", "maxLength", "maxItems", "minimum", "maximum", "required", "anyOf", "oneOf"}


def structural(schema: dict[str, Any]) -> dict[str, Any]:
    """The same schema without references, and with every type stated, as resource types must be.

    What it does not name is pruned; an object of which it says nothing keeps everything.
    """
    if "$ref" in schema:
        return structural(SCHEMA["$defs"][schema["$ref"].rsplit("/", 1)[-1]])
    made = {"type": "string"} if "enum" in schema else {}
    made |= {key: value for key, value in schema.items() if key in KEPT}
    if "items" in schema:
        made["items"] = structural(schema["items"])
    if "properties" in schema:
        made["properties"] = {name: structural(value) for name, value in schema["properties"].items()}
    elif isinstance(schema.get("additionalProperties"), dict):
        made["additionalProperties"] = structural(schema["additionalProperties"])
    elif schema.get("type") == "object":
        made["x-kubernetes-preserve-unknown-fields"] = True
    return made


CRD = {
    "apiVersion": "apiextensions.k8s.io/v1",
    "kind": "CustomResourceDefinition",
    "metadata": {"name": "ciliumnetworkpolicies.cilium.io"},
    "spec": {
        "group": "cilium.io",
        "scope": "Namespaced",
        "names": {"kind": "CiliumNetworkPolicy", "plural": "ciliumnetworkpolicies", "singular": "ciliumnetworkpolicy"},
        "versions": [
            {
                "name": "v2",
                "served": True,
                "storage": True,
                "schema": {
                    "openAPIV3Schema": {
                        "type": "object",
                        "properties": OF_THE_SERVER | {"spec": structural(SCHEMA["properties"]["spec"])},
                    }
                },
            }
        ],
    },
}

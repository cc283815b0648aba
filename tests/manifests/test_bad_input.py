"""Bad input is refused with one clear message, before a cluster is asked for anything."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from access.role import play

F, P, C = "robot_factory", "network_policies", "cilium"
WRONG = [
    (F, {"robot_factory_sped": 3}, "has no variable robot_factory_sped: correct the name"),
    (F, {"robot_factory_http_rate": "fast"}, "argument 'robot_factory_http_rate' is of type"),
    (F, {"robot_factory_traffic": ["noise"]}, "value of robot_factory_traffic must be one or more of"),
    (F, {"robot_factory_tcp_rate": "50Mbit"}, 'robot_factory_tcp_rate is "50Mbit"; expected a rate in bit/s'),
    (F, {"robot_factory_http_rate": 0}, "robot_factory_http_rate is 0; expected 1 to 1000 requests/s"),
    (F, {"robot_factory_initial_cap": "10m"}, 'robot_factory_initial_cap is "10m"; expected a cap of at'),
    (F, {"robot_factory_web_image": "nginx:latest"}, "expected an image without its registry and with a tag"),
    (F, {}, "No answer from the cluster; check robot_factory_kubeconfig (nowhere)"),
    (P, {"network_policies_namespce": "x"}, "has no variable network_policies_namespce: correct the name"),
    (P, {"network_policies_default_deny": "perhaps"}, "'network_policies_default_deny' is of type"),
    (P, {"network_policies_probe_ports": [0]}, "network_policies_probe_ports is [0]"),
    (C, {"cilium_endpoint_route": True}, "has no variable cilium_endpoint_route: correct the name"),
    (C, {"cilium_version": "1.18.12"}, "and cilium_chart_checksum is empty; expected sha256:"),
    (C, {"cilium_routing": "native"}, 'cilium_native_cidr is ""; expected a range such as 10.244.0.0/16'),
    (C, {"cilium_ipam": "cluster-pool"}, "cilium_pod_cidrs is []; expected ranges"),
    (C, {}, "No answer from the cluster; check cilium_kubeconfig (nowhere)"),
    (P, {}, "No answer from the cluster; check network_policies_kubeconfig (nowhere)"),
]


@pytest.mark.parametrize(("role", "variables", "message"), WRONG)
def test_it_is_named_with_its_cure(tmp_path: Path, role: str, variables: dict[str, object], message: str) -> None:
    """The message names the variable and says what was expected; there is no cluster, so nothing can have changed."""
    playbook = f"[{{hosts: localhost, gather_facts: false, roles: [{role}]}}]"
    refused = play(tmp_path, {f"{role}_kubeconfig": "nowhere"} | variables, playbook=playbook)
    assert (refused.ok, refused.changed) == (False, 0)
    assert message in " ".join(refused.output.split()), refused.output
    assert len(re.findall(r"^(?:fatal|failed): \[", refused.output, flags=re.MULTILINE)) == 1

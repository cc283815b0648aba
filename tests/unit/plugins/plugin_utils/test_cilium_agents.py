"""What an agent answers becomes a sentence for everything that keeps caps from being enforced on its node."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.cilium_agents import agents, endpoints, faults
from ansible_collections.detnet.qos.tests.unit.plugins.plugin_utils.cilium_answers import (
    CLSACT,
    INGRESS,
    QDISCS,
    STATUS,
    agent,
)

PENDING = QDISCS.replace("Done (5m3s ago)", "Error: replacing qdisc: operation not supported (3s ago)")
BOTH = {**STATUS, "bandwidth-manager": {"enabled": True, "devices": ["eth0", "eth1"]}}


def test_an_agent_with_all_in_place_has_no_fault() -> None:
    """On new kernels as on old ones."""
    assert faults(agent()) == []
    assert faults(agent(programs=[{"tc": [INGRESS, CLSACT]}])) == []


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"status": {"bandwidth-manager": {"devices": None}}}, "on one the bandwidth manager is off"),
        ({"status": {}}, "on one the bandwidth manager is off"),
        (
            {"status": {"bandwidth-manager": {"enabled": True, "devices": []}}},
            "on one the bandwidth manager has no device",
        ),
        ({"programs": [{"tc": [INGRESS]}]}, "on one Cilium has attached nothing to the egress of eth0"),
        ({"status": BOTH}, "on one Cilium has attached nothing to the egress of eth1"),
        ({"qdiscs": PENDING}, "on one the qdisc fq is not in place on eth0: Error: replacing qdisc: operation not"),
        ({"programs": ""}, "the agent on one did not answer bpftool -j net show: no answer"),
        ({"status": "no JSON"}, "the agent on one did not answer cilium-dbg status -o json: Expecting value"),
    ],
)
def test_each_fault_is_told_once_with_its_node(changed: dict[str, Any], told: str) -> None:
    """The bandwidth manager that says "enabled" without its program is the one that nobody sees."""
    (fault,) = faults([*agent(**changed), *agent("two")])
    assert fault.startswith(told)


def test_without_an_agent_nothing_enforces() -> None:
    """An empty list is no proof of health."""
    assert faults([]) == ["no agent of Cilium runs"]


def test_a_limit_is_that_of_the_pods_egress() -> None:
    """In bit/s; the map also has limits of ingress, and the host's row."""
    (told,) = agents(agent())
    assert [(one.pod, one.policy, one.limit_bps) for one in endpoints(told)] == [
        ("robot-factory/up-1", "both", 20_000_000)
    ]

"""Networks that are none, that overlap, or that hold a host."""

from __future__ import annotations

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.networks import judge

GOOD = {
    "a_pod_subnet": "10.244.0.0/16,2001:db8:1::/48",
    "a_service_subnet": "10.96.0.0/12",
    "b_pod_cidrs": ["10.244.0.0/16"],
}


def findings(variables: dict[str, object], **addresses: str) -> list[str]:
    """What is said about the networks."""
    return [str(each) for each in judge(variables, addresses)]


def test_networks_apart_are_fine() -> None:
    """Also with two families, and with one network that two roles name for the same use."""
    assert findings(GOOD, node="192.0.2.10", named="node.example.org") == []


@pytest.mark.parametrize("value", ["10.244.0.0/33", "10.244.0.1/16", "pods", ["10.0.0.0/8", 7.5]])
def test_what_is_no_network_is_named(value: object) -> None:
    """A host's bits count: they are a typing error in one of both numbers."""
    (sentence,) = findings({"a_pod_subnet": value})
    assert sentence.startswith("a_pod_subnet is ")
    assert "expected a network such as 10.244.0.0/16" in sentence


@pytest.mark.parametrize("other", ["a_service_subnet", "a_node_network", "b_pod_cidrs"])
def test_an_overlap_names_both(other: str) -> None:
    """For different uses, and for the same use with different networks."""
    (sentence,) = findings({"a_pod_subnet": "10.0.0.0/8", other: "10.96.0.0/12"})
    assert sentence.startswith(f"a_pod_subnet is 10.0.0.0/8 and {other} is 10.96.0.0/12: they overlap")


def test_the_same_network_for_two_uses_is_an_overlap() -> None:
    """Only the same use may share."""
    assert len(findings({"a_pod_subnet": "10.0.0.0/8", "a_service_subnet": "10.0.0.0/8"})) == 1


def test_a_host_inside_the_pods_network_is_named() -> None:
    """It could not be reached from any pod; inside the nodes' own network it belongs."""
    variables: dict[str, object] = {"a_pod_subnet": "192.0.2.0/25", "a_node_network": "192.0.2.128/25"}
    (sentence,) = findings(variables, node1="192.0.2.10", node2="192.0.2.200")
    assert "it holds the address 192.0.2.10 of node1" in sentence


def test_other_variables_are_not_looked_at() -> None:
    """Whatever they hold."""
    assert findings({"a_pod_subnet": "", "monitoring_namespace": "pods", "a_subnet": "x"}) == []

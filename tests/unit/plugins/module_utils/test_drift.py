"""Which caps are not what they should be."""

from __future__ import annotations

from ansible_collections.detnet.qos.plugins.module_utils.drift import drift
from ansible_collections.detnet.qos.plugins.module_utils.model.annotations import EGRESS, PRIOR
from ansible_collections.detnet.qos.tests.unit.plugins.module_utils.pods import pod

OURS = {EGRESS: "10M", PRIOR: ""}


def test_pods_that_nobody_capped_are_as_they_should_be() -> None:
    """No cap is no drift where there is none of ours."""
    pods = [pod("a"), pod("b")]
    assert [drift(each, pods, key=EGRESS) for each in pods] == [None, None]


def test_nodes_may_differ() -> None:
    """The controller decides for each node by itself."""
    pods = [pod("a", OURS), pod("b", {EGRESS: "20M", PRIOR: ""}, node="node-2")]
    assert [drift(each, pods, key=EGRESS) for each in pods] == [None, None]


def test_an_unreadable_value_is_unlimited_whoever_wrote_it() -> None:
    """That is what the CNI makes of it."""
    odd = pod("a", {EGRESS: "10Mbit"})
    assert str(drift(odd, [odd], key=EGRESS)).startswith("without limit: the annotation cannot be read")


def test_a_value_below_our_least_is_no_cap_of_ours_but_one_that_is_enforced() -> None:
    """Cilium knows no least cap."""
    odd = pod("a", {EGRESS: "500k"})
    assert drift(odd, [odd], key=EGRESS) == "500k is enforced, but below our least cap: 1M"


def test_a_pod_that_does_not_run_yet_needs_no_cap() -> None:
    """It will be told of when it runs."""
    pods = [pod("a", OURS), pod("b", phase="Pending")]
    assert drift(pods[1], pods, key=EGRESS) is None

"""What has been gathered from a live system becomes answers, and what has not says why."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.answers import faults, table
from ansible_collections.detnet.qos.plugins.plugin_utils.verification import rows
from ansible_collections.detnet.qos.tests.unit.plugins.plugin_utils.cilium_answers import ENDPOINT, agent

PAGE = """
# HELP detnet_leader 1 while this replica may write
detnet_build_info{version="0.1.0"} 1.0
detnet_leader 1.0
detnet_signal_age_seconds{domain="node2",workload="robot-control"} 0.25
detnet_verdict{domain="node2",figure="jitter",verdict="met",workload="robot-control"} 1.0
detnet_verdict{domain="node2",figure="jitter",verdict="breached",workload="robot-control"} 0.0
detnet_cap_not_enforced{target="telemetry-upload"} 0.0
detnet_violation_seconds_total{domain="node2",workload="robot-control"} 4.5
detnet_decisions_total{action="cut",domain="node2",mode="breach"} 2.0
"""
FOLLOWER = 'detnet_build_info{version="0.1.0"} 1.0\ndetnet_leader 0.0\n'
POD = {"name": "up-1", "phase": "Running", "cap": "20M", "drift": None, "host_network": False}
WORKLOAD = {"name": "robot-factory/deployment/up", "class": "best-effort", "allowed": "20M", "pods": [POD]}
TOLD = {"workloads": [WORKLOAD]}
GOOD: dict[str, Any] = {
    "version": {"answer": {"gitVersion": "v1.36.2"}},
    "controllers": [{"stdout": PAGE}, {"content": FOLLOWER}],
    "bandwidth": [{"workloads": [WORKLOAD]}, {"msg": "no StatefulSet has the labels"}],
    "bandwidth_after": [{"workloads": [WORKLOAD]}],
    "agents": agent(),
    "proof": {
        "cap": "10M",
        "pod": "sender",
        "from_node": "one",
        "to_node": "two",
        "iperf3": {"stdout": '{"end": {"sum_received": {"bits_per_second": 9.52e6}}}'},
        "tolerance_percent": "10",
    },
    "policies": {"resources": [{"metadata": {"namespace": "robot-factory"}}]},
    "forbidden": {"rc": 28},
    "up": {"rc": 0, "stdout": '[{"metric": {"instance": "a"}, "value": [0, "1"]}]'},
    "upload": {
        "workload": "up",
        "pod": "up-1",
        "before": TOLD,
        "after": TOLD,
        "iperf3": {"stdout": '{"end": {"sum_received": {"bits_per_second": 19.2e6}}}'},
        "tolerance_percent": "10",
    },
    "congestion": {
        "before": [{"stdout": PAGE.replace("4.5", "1.5").replace("} 2.0", "} 0.0")}],
        "after": [{"stdout": PAGE}],
        "course": [
            {"at_s": 0, "seen": {"workloads": [WORKLOAD | {"allowed": "90M"}]}},
            {"at_s": 4, "seen": TOLD},
        ],
        "allowed_s": "10",
    },
    "move": {"seconds": "7", "allowed_s": 60},
}


def answers(gathered: dict[str, Any]) -> dict[str, dict[str, str]]:
    """The answers by the names of their questions."""
    return {row["name"]: row for row in rows(gathered)}


def test_a_system_that_works_answers_every_question_with_yes() -> None:
    """Measured in words that a person can check."""
    told = answers(GOOD)
    assert {name for name, row in told.items() if row["verdict"] != "yes"} == set()
    assert {name: told[name]["measured"] for name in ("objectives", "evidence", "leader", "caps")} == {
        "objectives": "1 of 1 met",
        "evidence": "0.2 s old",
        "leader": "1 of 2",
        "caps": "1 of 1 pods have one",
    }
    assert told["recovery"]["measured"] == "breached for 3.0 s, 2 cuts"


def test_where_nothing_could_be_gathered_nothing_is_measured() -> None:
    """Neither yes nor no, each with its reason."""
    told = answers({"version": {"msg": "the API server cannot be reached"}})
    assert {row["verdict"] for row in told.values()} == {"not measured"}
    assert told["server"]["measured"] == "the API server cannot be reached"
    assert all(row["measured"] for row in told.values())


def test_evidence_that_cannot_tell_is_no_answer() -> None:
    """Neither a breach nor an objective that is kept."""
    row = answers(GOOD | page('"met",workload="robot-control"} 1', '"unresolved",workload="robot-control"} 1'))[
        "objectives"
    ]
    assert row["verdict"] == "not measured"
    assert row["measured"] == "the evidence cannot tell just now: robot-control (node2): jitter unresolved"


def page(old: str, new: str) -> dict[str, Any]:
    """A controller whose metrics differ in one place."""
    assert old in PAGE
    return {"controllers": [{"stdout": PAGE.replace(old, new)}]}


def pod(**changed: object) -> dict[str, Any]:
    """A best-effort workload whose pod differs in one place."""
    return {"bandwidth": [{"workloads": [{**WORKLOAD, "pods": [POD | changed]}]}]}


DOWN = {"rc": 0, "stdout": '[{"metric": {"instance": "a"}, "value": [0, "0"]}]'}
AUDITED = {**ENDPOINT["status"], "policy": {"realized": {"policy-enabled": "audit-both"}}}


def proof(bps: float) -> dict[str, Any]:
    """An upload of the sender at another rate."""
    report = {"end": {"sum_received": {"bits_per_second": bps}}}
    return {"proof": {**GOOD["proof"], "iperf3": {"stdout": json.dumps(report)}}}


@pytest.mark.parametrize(
    ("place", "gathered", "told"),
    [
        (
            "objectives",
            page('"met",workload="robot-control"} 1', '"blind",workload="robot-control"} 1'),
            "jitter blind",
        ),
        ("evidence", page("0.25", "4.0"), "4.0 s old"),
        ("leader", {"controllers": [{"stdout": PAGE}, {"stdout": PAGE}]}, "2 of 2"),
        ("leader", {"controllers": [{"stdout": FOLLOWER}]}, "0 of 1"),
        ("caps", pod(cap=None), "0 of 1 pods"),
        ("caps", pod(drift="without limit"), "up-1: without limit"),
        ("enforcement", page('telemetry-upload"} 0', 'telemetry-upload"} 1'), "telemetry-upload sends more"),
        (
            "policies",
            {"agents": agent(endpoints=[{**ENDPOINT, "status": AUDITED}])},
            "hold 0 of 1 pods both ways; up-1: audit",
        ),
        (
            "datapath",
            {"agents": agent(limits={"1426, 0": ["0, 0"]})},
            "robot-factory/up-1: no limit in the datapath, 20M",
        ),
        ("datapath", {"agents": agent(limits={"1426, 1": ["2500000, 0"]})}, "no limit in the datapath"),
        ("datapath", {"agents": agent(limits={"1426, 0": ["125000, 0"]})}, "1 Mbit/s in the datapath, 20M on the pod"),
        ("agents", {"agents": agent(programs=[{"tc": []}])}, "nothing to the egress of eth0"),
        ("proof", proof(19.1e6), "19.1 Mbit/s from one to two with a cap of 10M"),
        ("policies", {"policies": {"resources": []}}, "no policy"),
        ("refusal", {"forbidden": {"rc": 0}}, "it came through"),
        ("prometheus", {"up": DOWN}, "0 of 1 answer; not a"),
        ("recovery", {"congestion": {**GOOD["congestion"], "allowed_s": "2.9"}}, "breached for 3.0 s"),
        ("move", {"move": {"seconds": "61", "allowed_s": 60}}, "after 61 s"),
    ],
)
def test_a_fault_is_a_no_with_its_name(place: str, gathered: dict[str, Any], told: str) -> None:
    """One fault turns its own answer, whatever the others say."""
    found = answers(GOOD | gathered)
    assert [name for name, row in found.items() if row["verdict"] == "no"] == [place]
    assert told in found[place]["measured"]
    assert len(faults(list(found.values()))) == 1


def test_a_pod_that_is_older_than_cilium_has_no_endpoint_and_no_cap() -> None:
    """Cilium skips its annotation in silence."""
    other = {**ENDPOINT, "status": {**ENDPOINT["status"], "external-identifiers": {"pod-name": "robot-factory/down-1"}}}
    row = answers(GOOD | {"agents": agent(endpoints=[other])})["datapath"]
    assert row["verdict"] == "no"
    assert row["measured"].endswith("up-1: no endpoint of Cilium, as of a pod that is older than Cilium: restart it")


def test_a_cap_that_moves_while_the_agents_are_asked_tells_nothing() -> None:
    """The controller may write between the two reads."""
    later = {"bandwidth_after": [{"workloads": [{**WORKLOAD, "pods": [POD | {"cap": "18M"}]}]}]}
    row = answers(GOOD | later | {"agents": agent(limits={"1426, 0": ["2250000, 0"]})})["datapath"]
    assert (row["verdict"], "stood still" in row["measured"]) == ("not measured", True)


def test_a_path_that_carries_less_than_the_cap_proves_nothing() -> None:
    """Neither that the cap holds nor that it does not."""
    row = answers(GOOD | proof(4e6))["proof"]
    assert row["verdict"] == "not measured"
    assert "carries less" in row["measured"]


def test_where_no_agent_answers_nothing_is_known_of_caps_and_policies() -> None:
    """The reason is the agent's, or that there is none."""
    told = answers(GOOD | {"agents": []})
    assert {told[name]["measured"] for name in ("agents", "datapath", "policies")} == {
        "no agent of Cilium runs in kube-system"
    }
    refused = [{**one, "rc": 1, "stdout": "", "stderr": "exec is forbidden"} for one in agent()]
    told = answers(GOOD | {"agents": refused})
    assert (told["agents"]["verdict"], told["datapath"]["verdict"]) == ("no", "not measured")
    assert "cilium-dbg endpoint list -o json: exec is forbidden" in told["policies"]["measured"]


def test_what_is_required_must_have_an_answer() -> None:
    """A question without one is a fault only where it is required, and a question that does not exist is told."""
    found = rows(GOOD | {"up": {"msg": "no way there"}})
    assert faults(found) == []
    assert faults(found, ["leader", "prometheus"]) == [
        "Does Prometheus reach its targets? Not measured: no way there; expected all."
    ]
    with pytest.raises(ValueError, match="there is no question leadr: expected some of server, objectives"):
        faults(found, ["leadr"])


def test_the_table_has_a_line_for_each_answer() -> None:
    """Columns begin in one place."""
    lines = table(rows(GOOD)).splitlines()
    assert len(lines) == len(rows(GOOD)) + 1
    assert lines[0].index("QUESTION") == lines[1].index("Does the API") == lines[2].index("Does critical")

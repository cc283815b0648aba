"""What has been gathered from a live system becomes answers, and what has not says why."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.answers import faults, table
from ansible_collections.detnet.qos.plugins.plugin_utils.verification import rows

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
POD = {"name": "up-1", "phase": "Running", "cap": "20M", "drift": None}
WORKLOAD = {"name": "robot-factory/deployment/up", "class": "best-effort", "allowed": "20M", "pods": [POD]}
TOLD = {"workloads": [WORKLOAD]}
ENFORCED = {
    "metadata": {"name": "up-1"},
    "status": {"policy": {"ingress": {"enforcing": True}, "egress": {"enforcing": True}}},
}
GOOD: dict[str, Any] = {
    "version": {"answer": {"gitVersion": "v1.36.2"}},
    "controllers": [{"answer": PAGE}, {"content": FOLLOWER}],
    "bandwidth": [{"workloads": [WORKLOAD]}, {"msg": "no StatefulSet has the labels"}],
    "policies": {"resources": [{}]},
    "endpoints": {"resources": [ENFORCED]},
    "forbidden": {"rc": 28},
    "up": {"answer": {"data": {"result": [{"metric": {"instance": "a"}, "value": [0, "1"]}]}}},
    "upload": {
        "workload": "up",
        "pod": "up-1",
        "before": TOLD,
        "after": TOLD,
        "iperf3": {"stdout": '{"end": {"sum_received": {"bits_per_second": 19.2e6}}}'},
        "tolerance_percent": "10",
    },
    "congestion": {
        "before": [{"answer": PAGE.replace("4.5", "1.5").replace("} 2.0", "} 0.0")}],
        "after": [{"answer": PAGE}],
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
    return {"controllers": [{"answer": PAGE.replace(old, new)}]}


def pod(**changed: object) -> dict[str, Any]:
    """A best-effort workload whose pod differs in one place."""
    return {"bandwidth": [{"workloads": [{**WORKLOAD, "pods": [POD | changed]}]}]}


DOWN = {"answer": {"data": {"result": [{"metric": {"instance": "a"}, "value": [0, "0"]}]}}}


@pytest.mark.parametrize(
    ("place", "gathered", "told"),
    [
        (
            "objectives",
            page('"met",workload="robot-control"} 1', '"blind",workload="robot-control"} 1'),
            "jitter blind",
        ),
        ("evidence", page("0.25", "4.0"), "4.0 s old"),
        ("leader", {"controllers": [{"answer": PAGE}, {"answer": PAGE}]}, "2 of 2"),
        ("leader", {"controllers": [{"answer": FOLLOWER}]}, "0 of 1"),
        ("caps", pod(cap=None), "0 of 1 pods"),
        ("caps", pod(drift="without limit"), "up-1: without limit"),
        ("enforcement", page('telemetry-upload"} 0', 'telemetry-upload"} 1'), "telemetry-upload sends more"),
        (
            "policies",
            {"endpoints": {"resources": [{"metadata": {"name": "up-1"}, "status": {}}]}},
            "hold 0 of 1 pods; up-1",
        ),
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

"""What has been gathered from a live system becomes answers, and what has not says why."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.verification import rows, table

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
WORKLOAD = {"name": "robot-factory/deployment/up", "class": "best-effort", "pods": [POD]}
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
    "congestion": {"before": [{"answer": PAGE.replace("4.5", "1.5")}], "after": [{"answer": PAGE}], "allowed_s": "10"},
    "move": {"seconds": "7", "allowed_s": 60},
}


def verdicts(gathered: dict[str, Any]) -> list[str]:
    """The verdicts in the order of the questions."""
    return [row["verdict"] for row in rows(gathered)]


def test_a_system_that_works_answers_every_question_with_yes() -> None:
    """Measured in words that a person can check."""
    answers = rows(GOOD)
    assert verdicts(GOOD) == ["yes"] * 11
    assert [row["measured"] for row in answers][1:5] == ["1 of 1 met", "0.2 s old", "1 of 2", "1 of 1 pods have one"]
    assert answers[9]["measured"] == "breached for 3.0 s, 0 cuts"


def test_where_nothing_could_be_gathered_nothing_is_measured() -> None:
    """Neither yes nor no, each with its reason."""
    answers = rows({"version": {"msg": "the API server cannot be reached"}})
    assert {row["verdict"] for row in answers} == {"not measured"}
    assert answers[0]["measured"] == "the API server cannot be reached"
    assert all(row["measured"] for row in answers)


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
        (1, page('"met",workload="robot-control"} 1', '"blind",workload="robot-control"} 1'), "jitter blind"),
        (2, page("0.25", "4.0"), "4.0 s old"),
        (3, {"controllers": [{"answer": PAGE}, {"answer": PAGE}]}, "2 of 2"),
        (3, {"controllers": [{"answer": FOLLOWER}]}, "0 of 1"),
        (4, pod(cap=None), "0 of 1 pods"),
        (4, pod(drift="without limit"), "up-1: without limit"),
        (5, page('telemetry-upload"} 0', 'telemetry-upload"} 1'), "telemetry-upload sends more"),
        (6, {"endpoints": {"resources": [{"metadata": {"name": "up-1"}, "status": {}}]}}, "hold 0 of 1 pods; up-1"),
        (6, {"policies": {"resources": []}}, "no policy"),
        (7, {"forbidden": {"rc": 0}}, "it came through"),
        (8, {"up": DOWN}, "0 of 1 answer; not a"),
        (9, {"congestion": {**GOOD["congestion"], "allowed_s": "2.9"}}, "breached for 3.0 s"),
        (10, {"move": {"seconds": "61", "allowed_s": 60}}, "after 61 s"),
    ],
)
def test_a_fault_is_a_no_with_its_name(place: int, gathered: dict[str, Any], told: str) -> None:
    """One fault turns its own answer, whatever the others say."""
    row = rows(GOOD | gathered)[place]
    assert row["verdict"] == "no"
    assert told in row["measured"]


def test_the_table_has_a_line_for_each_answer() -> None:
    """Columns begin in one place."""
    lines = table(rows(GOOD)).splitlines()
    assert len(lines) == 12
    assert (
        len(
            {line.index(word) for line, word in zip(lines, ["QUESTION", "Does the API", "Does critical"], strict=False)}
        )
        == 1
    )

"""Plans: which pods are to carry what, before anything is written."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.module_utils import states
from ansible_collections.detnet.qos.plugins.module_utils.model.annotations import EGRESS, PRIOR
from ansible_collections.detnet.qos.plugins.module_utils.model.errors import UserError
from ansible_collections.detnet.qos.tests.unit.plugins.module_utils.pods import deployment, pod

OBJECTIVE = {**dict.fromkeys(["latency", "jitter", "loss", "path", "hubble", "promql"]), "priority": "critical"}


def asked(**options: Any) -> dict[str, Any]:
    """Return the options of the module with their defaults."""
    names = ("safe", "sending", "policy_parameters", "probe_url", "prometheus_url", "prometheus_credentials")
    return {
        "annotation": EGRESS,
        "per_pod": False,
        "policy": "aimd",
        "min": "10M",
        "max": "1000M",
        "scrape_interval": "1s",
        "objectives": [{**OBJECTIVE, "workload": "control", "latency": "10ms"}],
        **dict.fromkeys(names),
        **options,
    }


def wanted(plan: states.Plan) -> dict[str, str | None]:
    """Return the cap that each pod is to carry."""
    return {move.pod.ref.name: move.after.get(EGRESS) for move in plan.moves}


def measured(latency: str) -> dict[str, Any]:
    """Return the options of a decision on a given figure."""
    return asked(measured={"control": {"latency": latency}})


def test_only_pods_that_can_be_capped_count() -> None:
    """Two of five share the budget, and each other says why not."""
    pods = [
        pod("a"),
        pod("b"),
        pod("c", phase="Pending"),
        pod("d", host_network=True),
        pod("e", labels={"qos.detnet.io/class": "critical"}),
    ]
    plan = states.present([deployment(*pods)], asked(rate="40M"))
    assert wanted(plan) == {"a": "20M", "b": "20M"}
    assert {one.pod.ref.name: one.reason.split(":")[0] for one in plan.skipped} == {
        "c": "not running (Pending)",
        "d": "hostNetwork",
        "e": "critical",
    }


def test_a_workload_with_an_objective_is_critical_whatever_its_label_says() -> None:
    """Nobody cuts what is to be protected."""
    objectives = [{**OBJECTIVE, "workload": "upload", "latency": "10ms"}]
    with pytest.raises(UserError, match="critical: never capped"):
        states.decided([deployment(pod("a"))], asked(objectives=objectives, measured={"upload": {"latency": "14ms"}}))


def test_absent_lets_go_of_every_pod_that_carries_a_cap_of_ours() -> None:
    """Also of one that could not be capped any more; what is not ours stays."""
    ours = {EGRESS: "10M", PRIOR: "70M"}
    pods = [pod("a", ours), pod("b", {EGRESS: "10M"}), pod("c", ours, host_network=True)]
    plan = states.absent([deployment(*pods, role="critical")], asked())
    assert wanted(plan) == {"a": "70M", "b": "10M", "c": "70M"}
    assert [move.changed for move in plan.moves] == [True, False, True]


def test_a_pod_without_a_cap_counts_as_unlimited() -> None:
    """So the workload starts from its maximum, as for the daemon."""
    pods = [pod("a", {EGRESS: "10M", PRIOR: ""}), pod("b")]
    plan = states.decided([deployment(*pods)], measured("14ms"))
    assert plan.decision is not None
    assert (plan.decision.before_bps, plan.decision.budget_bps) == (1_000_000_000, 800_000_000)
    assert wanted(plan) == {"a": "400M", "b": "400M"}


def test_the_least_budget_covers_the_least_cap_of_each_pod() -> None:
    """Twenty pods cannot be held to 10 Mbit/s together."""
    pods = [pod(f"p{number:02}", {EGRESS: "1100k", PRIOR: ""}) for number in range(20)]
    plan = states.decided([deployment(*pods)], measured("14ms"))
    assert set(wanted(plan).values()) == {"1M"}


def test_noise_in_the_shares_is_not_written() -> None:
    """A cap of ours that is within two percent of its share stays, when nothing is cut."""
    pods = [pod("a", {EGRESS: "33333333", PRIOR: ""}), pod("b", {EGRESS: "33400k", PRIOR: ""})]
    plan = states.decided([deployment(*pods)], measured("8ms"))
    assert [move.changed for move in plan.moves] == [False, False]

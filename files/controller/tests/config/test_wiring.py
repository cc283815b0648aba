"""What only shows when the parts are built from the settings."""

from __future__ import annotations

import pytest

from detnet.config.load import load
from detnet.control.allocate import Claim
from detnet.model.errors import ConfigError
from detnet.model.objectives import Priority
from detnet.runtime.build import build_rules, check, domain_rules


@pytest.mark.parametrize(
    ("environ", "sentence"),
    [
        (
            {"DETNET_POLICY__NAME": "steps", "EWMA_ALPHA": "0.5"},
            "policy.ewma_alpha is no parameter of the policy steps",
        ),
        ({"DETNET_POLICY__NAME": "steps", "INCREASE_STEP_MBPS": "4"}, "less than loop.least_raise 5M"),
        ({"DETNET_HTTP__LISTEN": "everywhere"}, "'everywhere' is not an address and a port"),
        ({"DETNET_SOURCE__PROBE__URL": "ftp://probe"}, "ftp"),
        ({"DETNET_OBJECTIVES": "[{workload: a, jitter: 2ms, hubble: {app: a}}]"}, "source.kind is 'probe'"),
    ],
)
def test_check_finds_what_a_start_would(environ: dict[str, str], sentence: str) -> None:
    """Before anything is touched, in one sentence."""
    with pytest.raises(ConfigError) as caught:
        check(load(None, environ).settings)
    assert sentence in str(caught.value)


@pytest.mark.parametrize("name", ["steps", "graded", "aimd", "learned"])
def test_every_policy_can_be_named(name: str) -> None:
    """The name in the configuration is the name in metrics and reports."""
    settings = load(None, {"DETNET_POLICY__NAME": name}).settings
    check(settings)
    assert build_rules(settings).policy.name == name


def test_the_documents_parameters_reach_their_policy() -> None:
    """-70 and +20 Mbit/s instead of -50 and +10."""
    environ = {"DETNET_POLICY__NAME": "steps", "INCREASE_STEP_MBPS": "20", "AGGRESSIVE_DECREASE_MBPS": "70"}
    policy = build_rules(load(None, environ).settings).policy
    assert (policy.increase_bps, policy.decrease_bps) == (20_000_000, 70_000_000)  # type: ignore[attr-defined]


@pytest.mark.parametrize(("targets", "safe"), [(1, 25), (3, 25), (30, 60)])
def test_the_safe_budget_does_not_grow_with_the_number_of_targets(targets: int, safe: int) -> None:
    """Ten targets that may each fill the link are still on one link; but each keeps its minimum."""
    listed = ", ".join(f"{{name: t{n}, min: 2M, max: 100M}}" for n in range(targets))
    settings = load(None, {"DETNET_TARGETS": f"[{listed}]"}).settings
    assert build_rules(settings).guard.safe_bps == safe * 1_000_000


def test_a_domain_guards_what_meets_in_it() -> None:
    """Its objectives are those of the workloads on it, and its bounds those of its own claims."""
    environ = {"DETNET_OBJECTIVES": "[{workload: robot, jitter: 2ms}, {workload: scanner, latency: 5ms}]"}
    rules = domain_rules(load(None, environ).settings, {"scanner"}, (Claim("upload", 2_000_000, 80_000_000),))
    assert [objective.workload for objective in rules.objectives] == ["scanner"]
    guard = rules.guard
    assert (guard.minimum_bps, guard.safe_bps, guard.maximum_bps) == (2_000_000, 20_000_000, 80_000_000)


def test_where_targets_are_found_by_label_the_documents_one_counts_only_when_named() -> None:
    """A cluster need not have a Deployment of the name that the first documents used."""
    found = {"DETNET_ACTUATOR__KIND": "kubernetes"}
    assert load(None, found).settings.effective_targets == ()
    named = load(None, {**found, "DEPLOYMENT_NAME": "uploads", "NAMESPACE": "plant-a, plant-b"}).settings
    assert [target.name for target in named.effective_targets] == ["uploads"]
    assert named.actuator.kubernetes.namespaces == ("plant-a", "plant-b")


def test_a_priority_and_the_exoneration_rule_reach_the_guard() -> None:
    """Critical unless it says otherwise; anything else than the two words is refused."""
    environ = {
        "DETNET_OBJECTIVES": "[{workload: a, jitter: 2ms}, {workload: b, jitter: 2ms, priority: important}]",
        "DETNET_LOOP__EXONERATE_AFTER": "1min",
        "DETNET_LOOP__EXONERATED_SHARE": "0%",
    }
    rules = build_rules(load(None, environ).settings)
    assert [objective.priority for objective in rules.objectives] == [Priority.CRITICAL, Priority.IMPORTANT]
    assert (rules.guard.exonerate_after_s, rules.guard.exonerated_share) == (60.0, 0.0)
    with pytest.raises(ConfigError, match="priority"):
        load(None, {"DETNET_OBJECTIVES": "[{workload: a, jitter: 2ms, priority: vital}]"})

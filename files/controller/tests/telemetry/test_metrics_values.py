"""What a decision says is what the metrics show, in base units."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path

import pytest

from detnet.control.decision import Action, Decision, Mode
from detnet.model.objectives import Finding
from detnet.model.rate import Rate
from detnet.telemetry.audit import AuditLog
from detnet.telemetry.json_lines import as_entry, read
from detnet.telemetry.metrics import Caps, Metrics

Decide = Callable[..., Decision]
DOMAIN = "eth0"
CAPS = Caps({"telemetry-upload": Rate(45_000_000)}, {"telemetry-upload": Rate(50_000_000)})


def shown(metrics: Metrics, name: str, **labels: str) -> float | None:
    """Return one sample's value; ``None`` when there is no such series."""
    labels = (
        labels
        if name.startswith(("detnet_cycle", "detnet_audit", "detnet_last", "detnet_build"))
        else {"domain": DOMAIN, **labels}
    )
    return metrics.registry.get_sample_value(name, labels)


def test_caps_budget_and_rates(metrics: Metrics, decision: Decide) -> None:
    """In bit/s, and the v1 controller's gauge in Mbit/s."""
    metrics.record(DOMAIN, decision(), CAPS, duration_s=0.02)
    target = {"target": "telemetry-upload"}
    assert shown(metrics, "detnet_cap_bits_per_second", **target) == 50e6
    assert shown(metrics, "detnet_wanted_cap_bits_per_second", **target) == 45e6
    assert shown(metrics, "kubernetes_bandwidth_limit_mbps", **target) == 50.0
    assert shown(metrics, "detnet_best_effort_bits_per_second", **target) == 40e6
    assert shown(metrics, "detnet_critical_bits_per_second") == 20e6
    assert shown(metrics, "detnet_budget_bits_per_second") == 50e6


def test_no_cap_is_infinite_and_unread_caps_are_absent(metrics: Metrics, decision: Decide) -> None:
    """Neither may look like a cap of 0."""
    metrics.record(DOMAIN, decision(), Caps(CAPS.wanted, {"telemetry-upload": None}), duration_s=0.0)
    assert shown(metrics, "detnet_cap_bits_per_second", target="telemetry-upload") == math.inf
    assert shown(metrics, "kubernetes_bandwidth_limit_mbps", target="telemetry-upload") == math.inf
    metrics.record(DOMAIN, decision(), Caps(CAPS.wanted, None), duration_s=0.0)
    assert shown(metrics, "detnet_cap_bits_per_second", target="telemetry-upload") is None


@pytest.mark.parametrize(
    ("name", "expected"),
    [("latency", (0.005, math.inf, 0.01)), ("jitter", (0.001, 0.001, 0.002)), ("loss", (0.0, 0.0, 0.01))],
)
def test_figures_and_their_limits(
    metrics: Metrics, decision: Decide, name: str, expected: tuple[float, float, float]
) -> None:
    """Milliseconds become seconds, and a figure known only in part shows both its bounds."""
    metrics.record(DOMAIN, decision(), CAPS, duration_s=0.0)
    unit = "ratio" if name == "loss" else "seconds"
    workload = {"workload": "robot-control"}
    assert (
        shown(metrics, f"detnet_{name}_{unit}", bound="low", **workload),
        shown(metrics, f"detnet_{name}_{unit}", bound="high", **workload),
        shown(metrics, f"detnet_{name}_objective_{unit}", **workload),
    ) == pytest.approx(expected)


def test_a_stale_figure_is_not_shown(
    metrics: Metrics, decision: Decide, judged: Callable[..., tuple[Finding, ...]]
) -> None:
    """Blind is not healthy: the age grows, the verdict says blind, and the last good figure is gone."""
    metrics.record(DOMAIN, decision(), CAPS, duration_s=0.0)
    metrics.record(DOMAIN, decision(findings=judged(age_s=9.0)), CAPS, duration_s=0.0)
    verdict = {"workload": "robot-control", "figure": "jitter"}
    assert shown(metrics, "detnet_jitter_seconds", workload="robot-control", bound="high") is None
    assert shown(metrics, "detnet_jitter_objective_seconds", workload="robot-control") == pytest.approx(0.002)
    assert shown(metrics, "detnet_signal_age_seconds", workload="robot-control") == 9.0
    assert shown(metrics, "detnet_verdict", verdict="blind", **verdict) == 1.0
    assert shown(metrics, "detnet_verdict", verdict="met", **verdict) == 0.0


def test_time_is_counted_against_its_verdict(
    metrics: Metrics, decision: Decide, judged: Callable[..., tuple[Finding, ...]]
) -> None:
    """Each pass counts the time since the one before; two breached figures of a workload do not count double."""
    breached = judged(jitter_ms=50.0)
    breached = (breached[1], *breached[1:])
    for at_s, seen in ((100.0, breached), (100.5, breached), (102.0, judged(age_s=9.0)), (103.0, judged())):
        metrics.record(DOMAIN, decision(at_s=at_s, findings=seen), CAPS, duration_s=0.0)
    assert shown(metrics, "detnet_violation_seconds_total", workload="robot-control") == 0.5
    assert shown(metrics, "detnet_blind_seconds_total", workload="robot-control") == 1.5
    metrics.record(DOMAIN, decision(at_s=50.0, findings=breached), CAPS, duration_s=0.0)
    assert shown(metrics, "detnet_violation_seconds_total", workload="robot-control") == 0.5


def test_the_loop_itself(metrics: Metrics, decision: Decide) -> None:
    """Decisions by action and mode start at 0, so that increase() sees the first cut."""
    cut = {"action": "cut", "mode": "breach"}
    metrics.record(DOMAIN, decision(), CAPS, duration_s=0.001)
    assert shown(metrics, "detnet_decisions_total", **cut) == 0.0
    metrics.record(DOMAIN, decision(action=Action.CUT, mode=Mode.BREACH), CAPS, duration_s=0.03)
    assert shown(metrics, "detnet_decisions_total", **cut) == 1.0
    assert shown(metrics, "detnet_cycle_duration_seconds_bucket", le="0.025") == 1.0
    assert shown(metrics, "detnet_cycle_duration_seconds_bucket", le="0.05") == 2.0
    assert shown(metrics, "detnet_last_decision_timestamp_seconds") == 1_800_000_000.5
    assert shown(metrics, "detnet_build_info", version="1.2.3") == 1.0
    assert shown(metrics, "detnet_policy_info", policy="graded") == 1.0
    assert shown(metrics, "detnet_policy_term", term="ewma_jitter_ratio") == 0.5


def test_nothing_known_yet_is_not_zero(metrics: Metrics) -> None:
    """Before the first decision no figure has a series."""
    assert shown(metrics, "detnet_budget_bits_per_second") is None
    assert "detnet_jitter_seconds{" not in str([each.samples for each in metrics.registry.collect()])


def test_a_domain_that_is_no_more_leaves_nothing(metrics: Metrics, decision: Decide) -> None:
    """A node that left must not look alive, and its neighbour keeps what it has."""
    for domain in (DOMAIN, "eth1"):
        metrics.record(domain, decision(), CAPS, duration_s=0.0)
    metrics.forget(DOMAIN)
    left = [sample for family in metrics.registry.collect() for sample in family.samples if "domain" in sample.labels]
    assert {sample.labels["domain"] for sample in left} == {"eth1"}


def test_the_audit_log_is_counted_where_it_happens(metrics: Metrics, audit: AuditLog, decision: Decide) -> None:
    """A decision is written as it is, and one that could not be shows up in the next scrape."""
    audit.write(as_entry(decision()))
    assert shown(metrics, "detnet_audit_lines_lost_total") == 1.0
    assert shown(metrics, "detnet_audit_failures_total") == 1.0
    path = Path(audit._path)
    path.parent.mkdir()
    audit.write(as_entry(decision()), urgent=True)
    audit.close()
    (entry,) = read(path)
    assert (entry["lost_before"], entry["action"], entry["mode"]) == (1, "hold", "waiting")
    assert entry["traffic"] == {"target_bps": {"telemetry-upload": 40e6}, "other_bps": 20e6}

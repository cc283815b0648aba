"""Series come and go with what they stand for, and scrapes never see less than that."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable

import pytest
from prometheus_client import CollectorRegistry, Gauge, generate_latest

from detnet.control.decision import Decision
from detnet.model.rate import Rate
from detnet.telemetry.loop_metrics import Family, show
from detnet.telemetry.metrics import Caps, Metrics

Decide = Callable[..., Decision]
DOMAIN = "eth0"


def caps(*targets: str, failed: tuple[str, ...] = ()) -> Caps:
    """Return caps of 10 Mbit/s in force, each written in this pass unless it failed."""
    all_caps = dict.fromkeys(targets, Rate(10_000_000))
    return Caps(all_caps, all_caps, set(targets) - set(failed), failed)


def series(metrics: Metrics, *, holding: str) -> set[str]:
    """Return the names of the samples that have this text as a label's value."""
    return {
        sample.name
        for family in metrics.registry.collect()
        for sample in family.samples
        if holding in sample.labels.values()
    }


def test_a_target_that_went_away_leaves_nothing(metrics: Metrics, decision: Decide) -> None:
    """Otherwise its last cap would be shown for ever."""
    metrics.record(DOMAIN, decision(), caps("telemetry-upload", "erp-dashboard"), duration_s=0.0)
    assert "detnet_cap_bits_per_second" in series(metrics, holding="erp-dashboard")
    metrics.record(DOMAIN, decision(), caps("telemetry-upload"), duration_s=0.0)
    assert series(metrics, holding="erp-dashboard") == set()
    assert "detnet_cap_writes_total" in series(metrics, holding="telemetry-upload")


def test_a_workload_that_went_away_leaves_nothing(metrics: Metrics, decision: Decide) -> None:
    """A reload may drop an objective."""
    metrics.record(DOMAIN, decision(), caps("telemetry-upload"), duration_s=0.0)
    metrics.record(DOMAIN, decision(findings=(), signals={}, terms={}), caps("telemetry-upload"), duration_s=0.0)
    assert series(metrics, holding="robot-control") == set()
    assert series(metrics, holding="ewma_jitter_ratio") == set()


def test_counters_outlive_a_pass_that_could_not_read(metrics: Metrics, decision: Decide) -> None:
    """What was read goes, the counts stay: they are about the past."""
    metrics.record(DOMAIN, decision(), caps("telemetry-upload"), duration_s=0.0)
    metrics.record(DOMAIN, decision(), caps("telemetry-upload", failed=("telemetry-upload",)), duration_s=0.0)
    unread = Caps({"telemetry-upload": Rate(10_000_000)}, None)
    metrics.record(DOMAIN, decision(traffic=None, at_s=200.0), unread, duration_s=0.0)
    target = {"domain": DOMAIN, "target": "telemetry-upload"}
    assert metrics.registry.get_sample_value("detnet_cap_writes_total", target) == 1.0
    assert metrics.registry.get_sample_value("detnet_cap_write_errors_total", target) == 1.0
    assert metrics.registry.get_sample_value("detnet_cap_bits_per_second", target) is None
    assert metrics.registry.get_sample_value("detnet_best_effort_bits_per_second", target) is None
    assert metrics.registry.get_sample_value("detnet_critical_bits_per_second", {"domain": DOMAIN}) is None


def test_rates_stay_between_two_scrapes_of_the_counters(metrics: Metrics, decision: Decide) -> None:
    """The loop sees nothing between them; a panel would otherwise miss them nearly always."""
    target = {"domain": DOMAIN, "target": "telemetry-upload"}
    for at_s, shown in ((100.0, 40e6), (115.0, 40e6), (160.0, 40e6), (161.0, None)):
        traffic = {} if at_s == 100.0 else {"traffic": None}
        metrics.record(DOMAIN, decision(at_s=at_s, **traffic), caps("telemetry-upload"), duration_s=0.0)
        assert metrics.registry.get_sample_value("detnet_best_effort_bits_per_second", target) == shown


def test_a_family_shows_exactly_what_it_was_given() -> None:
    """Values are replaced, new series appear, missing ones go, and a returning one starts afresh."""
    registry = CollectorRegistry()
    family = Family(Gauge("family", "A family.", ("name",), registry=registry))
    for values in ({("a",): 1.0, ("b",): 2.0}, {("b",): 3.0, ("c",): 4.0}, {}, {("a",): 5.0}):
        show(family, values)
        samples = [sample for each in registry.collect() for sample in each.samples]
        assert {tuple(sample.labels.values()): sample.value for sample in samples} == values
    family.keep([("d",)])
    assert registry.get_sample_value("family", {"name": "d"}) == 0.0


def test_counters_cost_one_series_each(metrics: Metrics) -> None:
    """The library would add the time of each one's creation."""
    assert b"_created" not in generate_latest(metrics.registry)


@pytest.mark.needs("promtool")
def test_promtool_finds_nothing_but_what_we_chose(metrics: Metrics, decision: Decide) -> None:
    """Names, units and help texts follow its rules; link rates stay in bit/s and the old gauge keeps its name."""
    metrics.record(DOMAIN, decision(), caps("telemetry-upload"), duration_s=0.0)
    promtool = shutil.which("promtool")
    assert promtool is not None
    check = subprocess.run(
        [promtool, "check", "metrics"], input=generate_latest(metrics.registry), capture_output=True, check=False
    )
    complaints = (check.stdout + check.stderr).decode().splitlines()
    chosen = ("kubernetes_bandwidth_limit_mbps", 'use base unit "bytes" instead of "bits"')
    assert len(complaints) > 1, "promtool read nothing"
    assert [line for line in complaints if not any(each in line for each in chosen)] == []

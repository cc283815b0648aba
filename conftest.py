"""Tests that need a privilege or a Debian tool are skipped with one clear line, never silently passed.

What users bring is replayed by kind (``make replay``), and each kind has its line at the end of a run.
"""

from __future__ import annotations

import os
import shutil
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine, and not of the code (speed belongs in benchmarks/).
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")

# docs/start/compatibility.md names the test of each case; tests/repository/test_replay.py holds both to each other.
REPLAYED: Mapping[str, tuple[str, ...]] = {
    "the cluster that is meant": (
        "files/controller/tests/cluster_controller/test_one_replica.py",
        "files/controller/tests/kubernetes_client/test_as_kubectl.py",
        "files/controller/tests/kubernetes_client/test_insecure.py",
        "tests/modules/test_connection.py",
    ),
    "servers that speak Prometheus' API": (
        "files/controller/tests/config/test_servers.py",
        "files/controller/tests/config/test_timings.py",
        "files/controller/tests/sources/test_credentials.py",
        "files/controller/tests/sources/test_fetch_faults.py",
        "files/controller/tests/sources/test_prometheus_answers.py",
        "files/controller/tests/sources/test_replies.py",
    ),
    "workloads as clusters have them": (
        "files/controller/tests/kubernetes_caps/test_cron_jobs.py",
        "files/controller/tests/kubernetes_caps/test_release.py",
        "files/controller/tests/kubernetes_caps/test_whole_workloads.py",
    ),
    "configuration and environment": (
        "files/controller/tests/config/test_check_and_run.py",
        "files/controller/tests/config/test_load.py",
    ),
    "hosts and inventories": (
        "files/controller/tests/probe/test_same_host.py",
        "files/lab/tests/testbed/test_whole_run.py",
        "tests/cluster/test_bad_input.py",
        "tests/cluster/test_kubeadm_configuration.py",
        "tests/manifests/test_probe.py",
        "tests/manifests/test_probe_hosts.py",
        "tests/manifests/test_vaulted.py",
        "tests/monitoring/test_guarded_probers.py",
        "tests/repository/test_yaml_scalars.py",
    ),
    "Cilium as its source answers": (
        "files/controller/tests/model/test_annotations.py",
        "files/controller/tests/sources/test_prometheus_figures.py",
        "tests/manifests/test_cilium.py",
        "tests/manifests/test_cilium_on_cluster.py",
        "tests/manifests/test_policies.py",
    ),
}


def pytest_configure(config: pytest.Config) -> None:
    """Register our markers."""
    config.addinivalue_line("markers", "root: needs root (network namespaces, qdiscs, real-time priority)")
    config.addinivalue_line("markers", "needs(program): needs a program of that name on PATH")
    config.addinivalue_line("markers", "replay: what users bring, case by case (make replay)")


@pytest.hookimpl(tryfirst=True)  # before pytest chooses by marker
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark what is replayed; the property tells of it where a test ran in another process."""
    kinds = {config.rootpath / path: kind for kind, paths in REPLAYED.items() for path in paths}
    for item in items:
        kind = kinds.get(Path(item.path))
        if kind is not None:
            item.add_marker(pytest.mark.replay)
            item.user_properties.append(("replay", kind))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print one line for each kind of case that was replayed."""
    outcomes = ("passed", "failed", "error", "skipped")
    counts: dict[str, Counter[str]] = {}
    for outcome in outcomes:
        for report in terminalreporter.stats.get(outcome, []):
            kind = dict(getattr(report, "user_properties", ())).get("replay")
            if kind is not None:
                counts.setdefault(kind, Counter())[outcome] += 1
    for kind in REPLAYED:
        if kind in counts:
            told = ", ".join(f"{counts[kind][outcome]} {outcome}" for outcome in outcomes if counts[kind][outcome])
            terminalreporter.write_line(f"replay: {kind}: {told}")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run; ``DETNET_TEST_ALL=1`` (make test as root) turns a skip into a failure."""
    missing = [f"the program {m.args[0]}" for m in item.iter_markers("needs") if shutil.which(m.args[0]) is None]
    if item.get_closest_marker("root") and os.geteuid() != 0:
        missing.append("root")
    if not missing:
        return
    message = f"needs {' and '.join(missing)}"
    if os.environ.get("DETNET_TEST_ALL") == "1":
        pytest.fail(f"{message}, and DETNET_TEST_ALL=1 forbids skipping", pytrace=False)
    pytest.skip(message)

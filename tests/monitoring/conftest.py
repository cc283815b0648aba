"""The real control plane, and the role's objects for each kind of installation, rendered once for a run."""

from __future__ import annotations

import pytest

from control_plane.fixtures import control_plane, namespace
from monitoring.role import Objects, render

__all__ = ["control_plane", "existing", "namespace", "operator", "plain", "whole"]

PAGERDUTY = "0123456789abcdef0123456789abcdef"


@pytest.fixture(scope="session")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """What the role applies by default."""
    return render(tmp_path_factory.mktemp("plain"))


@pytest.fixture(scope="session")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """What it applies when everything is asked for, on a site without access to the internet."""
    return render(
        tmp_path_factory.mktemp("whole"),
        monitoring_image_registry="mirror.example:5000/cache",
        monitoring_grafana_digest=f"sha256:{'a' * 64}",
        monitoring_storage_size="10Gi",
        monitoring_storage_class="local",
        monitoring_alertmanager=True,
        monitoring_alertmanager_targets=["alerts.example:9093"],
        monitoring_pagerduty_key=PAGERDUTY,
        monitoring_controller_targets=["192.0.2.1:9863"],
        monitoring_client_namespaces=["ingress"],
        monitoring_kubelet_verify=True,
    )


@pytest.fixture(scope="session")
def existing(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """What it gives a Prometheus that is not ours."""
    return render(tmp_path_factory.mktemp("existing"), monitoring_prometheus="existing")


@pytest.fixture(scope="session")
def operator(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """What it gives kube-prometheus-stack."""
    labels = {"release": "kube-prometheus-stack"}
    return render(
        tmp_path_factory.mktemp("operator"),
        monitoring_prometheus="kube-prometheus-stack",
        monitoring_object_labels=labels,
    )

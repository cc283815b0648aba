"""The role installs, changes and removes monitoring, each once, and keeps a password that is there."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from control_plane import ControlPlane
from monitoring.conftest import PAGERDUTY
from monitoring.role import Run, apply

pytestmark = pytest.mark.timeout(1800)

OURS = {"labelSelector": "app.kubernetes.io/managed-by=detnet.qos.monitoring"}
KINDS = (
    "/apis/apps/v1/deployments",
    "/api/v1/services",
    "/api/v1/configmaps",
    "/api/v1/secrets",
    "/api/v1/serviceaccounts",
    "/api/v1/persistentvolumeclaims",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
)
ADMIN = "/api/v1/namespaces/detnet-monitoring/secrets/grafana-admin"

Play = Callable[..., Run]


def there(plane: ControlPlane) -> dict[str, Any]:
    """Return the version of everything of ours, by kind and name."""
    return {
        f"{kind.rpartition('/')[2]}/{one['metadata']['name']}": one["metadata"]["resourceVersion"]
        for kind in KINDS
        for one in plane.request("GET", kind, query=OURS)["items"]
    }


@pytest.fixture
def run(control_plane: ControlPlane, tmp_path: Path) -> Iterator[Play]:
    """Play the role, without waiting for programs that no kubelet starts; all is taken away afterwards."""

    def run(*options: str, **variables: object) -> Run:
        known = {"monitoring_kubeconfig": str(control_plane.kubeconfig), "monitoring_wait": False}
        return apply(tmp_path, *options, **known, **variables)

    yield run
    run(monitoring_state="absent", monitoring_remove_namespace=True)


def test_the_cycle(control_plane: ControlPlane, run: Play) -> None:
    """Install, change and remove: foretold by check mode, done once, and nothing to do the second time."""
    whole = {"monitoring_alertmanager": True, "monitoring_pagerduty_key": PAGERDUTY, "monitoring_storage_size": "1Gi"}
    foretold = run("--check", "--diff", **whole)
    assert (foretold.ok, there(control_plane)) == (True, {}), foretold.output
    assert foretold.changed > 0
    installed = run("--diff", "-vv", **whole)
    assert installed.ok, installed.output
    assert PAGERDUTY not in installed.output
    made = there(control_plane)
    assert {"deployments/prometheus", "deployments/grafana", "deployments/alertmanager"} <= made.keys()
    password = control_plane.request("GET", ADMIN)["data"]
    assert "get secret grafana-admin" in installed.output.replace("\n", " ")
    again = run(**whole)
    assert (again.ok, again.changed) == (True, 0), again.output
    assert there(control_plane) == made
    smaller = run()
    assert smaller.ok, smaller.output
    gone = {
        "deployments/alertmanager",
        "services/alertmanager",
        "configmaps/alertmanager",
        "secrets/alertmanager-pagerduty",
    }
    assert made.keys() - there(control_plane).keys() == gone
    assert control_plane.request("GET", ADMIN)["data"] == password
    assert run("--check", monitoring_state="absent").changed > 0
    assert "deployments/prometheus" in there(control_plane)
    assert run(monitoring_state="absent").ok
    assert there(control_plane) == {}
    assert run(monitoring_state="absent").changed == 0


def test_a_password_that_is_there_is_kept(control_plane: ControlPlane, run: Play) -> None:
    """It is neither changed nor, not being ours, removed."""
    control_plane.create_namespace("detnet-monitoring")
    mine = {"metadata": {"name": "grafana-admin"}, "data": {"admin-user": "bWU=", "admin-password": "bWluZQ=="}}
    control_plane.request("POST", ADMIN.rpartition("/")[0], mine)
    assert run().ok
    assert run(monitoring_state="absent").ok
    assert control_plane.request("GET", ADMIN)["data"] == mine["data"]


@pytest.mark.parametrize(
    ("variables", "cure"),
    [
        ({"monitoring_install": "operator"}, "install kube-prometheus-stack"),
        ({"monitoring_pagerduty_key": PAGERDUTY}, "set monitoring_alertmanager to true"),
        ({"monitoring_prometheus_image": "prometheus"}, "Expected images with registry and tag"),
        ({"monitoring_install": "helm"}, "value of monitoring_install must be one of"),
        ({"monitoring_namespace": "Monitoring"}, "monitoring_namespace is Monitoring"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else "",
)
def test_what_cannot_work_is_refused_first(
    control_plane: ControlPlane, run: Play, variables: dict[str, object], cure: str
) -> None:
    """The message names the variable or the cure, and nothing was changed."""
    refused = run(**variables)
    assert not refused.ok
    assert cure in refused.output.replace("\n", " ")
    assert PAGERDUTY not in refused.output
    assert there(control_plane) == {}

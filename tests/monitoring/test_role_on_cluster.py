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

SPACE = "cycle-monitoring"
KINDS = (
    "/apis/apps/v1/deployments",
    "/apis/networking.k8s.io/v1/networkpolicies",
    "/api/v1/services",
    "/api/v1/configmaps",
    "/api/v1/secrets",
    "/api/v1/serviceaccounts",
    "/api/v1/persistentvolumeclaims",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
    "/apis/rbac.authorization.k8s.io/v1/clusterrolebindings",
)
OPERATOR = "/apis/monitoring.coreos.com/v1"
CRDS = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"

Play = Callable[..., Run]


def there(plane: ControlPlane, namespace: str, kinds: tuple[str, ...] = KINDS) -> dict[str, Any]:
    """Return what we gave a namespace, by kind and name, without what the cluster's own controllers say of it."""
    labels = f"app.kubernetes.io/managed-by=detnet.qos.monitoring,app.kubernetes.io/instance={namespace}"
    return {
        f"{kind.rpartition('/')[2]}/{one['metadata']['name']}": {
            key: value for key, value in one.items() if key not in {"metadata", "status"}
        }
        for kind in kinds
        for one in plane.request("GET", kind, query={"labelSelector": labels})["items"]
    }


@pytest.fixture
def run(control_plane: ControlPlane, tmp_path: Path) -> Play:
    """Play the role, without waiting for programs that no kubelet starts."""

    def run(*options: str, **variables: object) -> Run:
        known = {"monitoring_kubeconfig": str(control_plane.kubeconfig), "monitoring_wait": False}
        return apply(tmp_path, *options, **(known | variables))

    return run


@pytest.fixture
def operator_known(control_plane: ControlPlane) -> Iterator[None]:
    """The two kinds of the Prometheus operator that we use, without their schemas."""
    kinds = {"podmonitors": "PodMonitor", "prometheusrules": "PrometheusRule"}
    open_schema = {"openAPIV3Schema": {"type": "object", "x-kubernetes-preserve-unknown-fields": True}}
    for plural, kind in kinds.items():
        spec = {
            "group": "monitoring.coreos.com",
            "scope": "Namespaced",
            "names": {"kind": kind, "plural": plural},
            "versions": [{"name": "v1", "served": True, "storage": True, "schema": open_schema}],
        }
        body = {"metadata": {"name": f"{plural}.monitoring.coreos.com"}, "spec": spec}
        control_plane.request("POST", CRDS, body)
    yield
    for plural in kinds:
        control_plane.request("DELETE", f"{CRDS}/{plural}.monitoring.coreos.com")


def test_the_cycle(control_plane: ControlPlane, run: Play) -> None:
    """Install, change and remove: foretold by check mode, done once, and nothing to do the second time."""
    whole = {
        "monitoring_namespace": SPACE,
        "monitoring_alertmanager": True,
        "monitoring_pagerduty_key": PAGERDUTY,
        "monitoring_storage_size": "1Gi",
    }
    foretold = run("--check", "--diff", **whole)
    assert (foretold.ok, there(control_plane, SPACE)) == (True, {}), foretold.output
    assert foretold.changed > 0
    installed = run("--diff", "-vv", **whole)
    assert installed.ok, installed.output
    assert PAGERDUTY not in installed.output
    made = there(control_plane, SPACE)
    programs = {"detnet-prometheus", "detnet-grafana", "detnet-alertmanager"}
    for kind in ("deployments", "services", "networkpolicies"):
        assert {name.partition("/")[2] for name in made if name.startswith(kind)} == programs
    assert "get secret detnet-grafana-admin" in installed.output.replace("\n", " ")

    again = run(**whole)
    assert (again.ok, again.changed, there(control_plane, SPACE)) == (True, 0, made), again.output

    shorter = run(**whole, monitoring_retention="10d")
    now = there(control_plane, SPACE)
    assert (shorter.ok, shorter.changed) == (True, 1), shorter.output
    assert {name for name in made if now[name] != made[name]} == {"deployments/detnet-prometheus"}

    gone = {
        "monitoring_namespace": SPACE,
        "monitoring_state": "absent",
        "monitoring_remove_namespace": True,
        "monitoring_wait": True,
    }
    foretold = run("--check", **gone)
    assert (foretold.ok, there(control_plane, SPACE)) == (True, now), foretold.output
    assert foretold.changed > 0
    removed = run(**gone)
    assert (removed.ok, there(control_plane, SPACE)) == (True, {}), removed.output
    namespaces = control_plane.request("GET", "/api/v1/namespaces")["items"]
    assert SPACE not in {one["metadata"]["name"] for one in namespaces}


def test_one_variant_takes_the_place_of_another(
    control_plane: ControlPlane, run: Play, namespace: str, operator_known: None
) -> None:
    """What only the earlier variant wants is taken away, the operator's objects too."""
    monitors = (f"{OPERATOR}/podmonitors", f"{OPERATOR}/prometheusrules")
    for_operator = run(monitoring_namespace=namespace, monitoring_prometheus="kube-prometheus-stack")
    assert for_operator.ok, for_operator.output
    found = {"podmonitors/detnet-controller", "podmonitors/detnet-probe", "podmonitors/detnet-cilium"}
    assert there(control_plane, namespace, monitors).keys() == found | {"prometheusrules/detnet"}
    existing = run(monitoring_namespace=namespace, monitoring_prometheus="existing")
    assert existing.ok, existing.output
    assert there(control_plane, namespace, monitors) == {}
    files = {"configmaps/detnet-rules", "configmaps/detnet-scrape-configs", "configmaps/detnet-dashboard"}
    assert there(control_plane, namespace).keys() == files
    removed = run(monitoring_namespace=namespace, monitoring_state="absent")
    assert (removed.ok, there(control_plane, namespace)) == (True, {}), removed.output


def test_a_password_that_is_there_is_kept(control_plane: ControlPlane, run: Play, namespace: str) -> None:
    """It is neither changed nor, not being ours, removed."""
    secrets = f"/api/v1/namespaces/{namespace}/secrets"
    mine = {"metadata": {"name": "mine"}, "data": {"admin-user": "bWU=", "admin-password": "bWluZQ=="}}
    control_plane.request("POST", secrets, mine)
    for state in ("present", "absent"):
        done = run(monitoring_namespace=namespace, monitoring_grafana_secret="mine", monitoring_state=state)  # noqa: S106 - a name
        assert done.ok, done.output
        assert control_plane.request("GET", f"{secrets}/mine")["data"] == mine["data"]


def test_kube_prometheus_stack_must_be_there(control_plane: ControlPlane, run: Play, namespace: str) -> None:
    """The message names the cure, and nothing was changed."""
    refused = run(monitoring_namespace=namespace, monitoring_prometheus="kube-prometheus-stack")
    assert not refused.ok
    assert "install kube-prometheus-stack" in refused.output.replace("\n", " ")
    assert there(control_plane, namespace) == {}

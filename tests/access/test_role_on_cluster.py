"""The role makes, changes and removes the controller's access, each once, and says beforehand what it would do."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from access.role import Run, play
from control_plane import ControlPlane, running

pytestmark = pytest.mark.timeout(1800)

OWN = "cycle-system"
INSTANCE = {"labelSelector": f"app.kubernetes.io/instance={OWN}.detnet-controller"}
RBAC = "/apis/rbac.authorization.k8s.io/v1"
KINDS = (
    f"{RBAC}/roles",
    f"{RBAC}/rolebindings",
    "/api/v1/serviceaccounts",
    "/apis/coordination.k8s.io/v1/leases",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicies",
    "/apis/admissionregistration.k8s.io/v1/validatingadmissionpolicybindings",
)


def state(plane: ControlPlane) -> dict[str, Any]:
    """Return everything of ours on the cluster that somebody could have changed, by kind, namespace and name."""
    found: dict[str, Any] = {}
    for kind in KINDS:
        for one in plane.request("GET", kind, query=INSTANCE)["items"]:
            content = {key: value for key, value in one.items() if key not in {"metadata", "secrets", "status"}}
            found[f"{kind}/{one['metadata'].get('namespace', '')}/{one['metadata']['name']}"] = content
    return found


@pytest.fixture
def run(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Any:
    """Play the role for a controller of this test's own, with ``namespace`` as its target."""

    def run(*options: str, **variables: object) -> Run:
        known = {
            "controller_access_kubeconfig": str(control_plane.kubeconfig),
            "controller_access_namespace": OWN,
            "controller_access_target_namespaces": [namespace],
        }
        return play(tmp_path, known | variables, *options)

    return run


def test_the_cycle(control_plane: ControlPlane, namespace: str, run: Any) -> None:
    """Make, change and remove: foretold by check mode, done once, and nothing to do the second time."""
    control_plane.create_namespace("cycle-cell")
    foretold = run("--check")
    assert (foretold.ok, state(control_plane)) == (True, {}), foretold.output
    assert foretold.changed > 0
    assert run().ok
    made = state(control_plane)
    assert {f"{RBAC}/roles/{namespace}/{OWN}.detnet-controller"} <= made.keys()
    lease = f"/apis/coordination.k8s.io/v1/namespaces/{OWN}/leases/detnet-controller"
    control_plane.request("PATCH", lease, {"spec": {"holderIdentity": "somebody", "leaseDurationSeconds": 15}})
    role = f"{RBAC}/namespaces/{namespace}/roles/{OWN}.detnet-controller"
    control_plane.request("PATCH", role, {"rules": [{"apiGroups": ["*"], "resources": ["*"], "verbs": ["*"]}]})
    repaired = run()
    assert (repaired.ok, repaired.changed) == (True, 1), repaired.output
    assert control_plane.request("GET", lease)["spec"]["holderIdentity"] == "somebody"
    assert run().changed == 0
    other = {"controller_access_target_namespaces": ["cycle-cell"], "controller_access_status": False}
    assert run(**other).ok
    moved = state(control_plane)
    assert [key for key in moved if f"/{namespace}/" in key] == []
    assert "patch" not in moved[f"{RBAC}/roles/cycle-cell/{OWN}.detnet-controller"]["rules"][1]["verbs"]
    assert run("--check", controller_access_state="absent").changed > 0
    assert state(control_plane) == moved
    assert run(controller_access_state="absent").ok
    assert state(control_plane) == {}
    assert run(controller_access_state="absent").changed == 0
    control_plane.delete_namespace("cycle-cell")


def test_a_target_that_is_not_there_is_named(run: Any) -> None:
    """Nothing is made for a namespace that does not exist."""
    refused = run(controller_access_target_namespaces=["robot-facotry"])
    assert not refused.ok
    assert "the cluster has no namespace robot-facotry: create it first" in refused.output


@pytest.fixture(scope="module")
def without_policies(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """An API server that serves no admission policies, as some administrators have it."""
    plugins = "ValidatingAdmissionPolicy,MutatingAdmissionPolicy,ValidatingAdmissionWebhook,MutatingAdmissionWebhook"
    with running(
        tmp_path_factory.mktemp("without-policies"),
        runtime_config="admissionregistration.k8s.io/v1=false",
        disable_admission_plugins=f"TaintNodesByCondition,{plugins}",
    ) as plane:
        plane.create_namespace("factory")
        yield plane


def test_a_cluster_without_policies_is_told_of(without_policies: ControlPlane, tmp_path: Path) -> None:
    """The role says what that means, or stops before it has changed anything if they are required."""
    known: dict[str, object] = {
        "controller_access_kubeconfig": str(without_policies.kubeconfig),
        "controller_access_namespace": OWN,
        "controller_access_target_namespaces": ["factory"],
    }
    refused = play(tmp_path, {**known, "controller_access_policies": "required"})
    assert not refused.ok
    assert "does not serve admissionregistration.k8s.io/v1 ValidatingAdmissionPolicy" in " ".join(
        refused.output.split()
    )
    assert OWN not in {
        one["metadata"]["name"] for one in without_policies.request("GET", "/api/v1/namespaces")["items"]
    }
    made = play(tmp_path, known)
    assert made.ok, made.output
    assert "No admission policies on this cluster: they came with Kubernetes 1.30." in " ".join(made.output.split())

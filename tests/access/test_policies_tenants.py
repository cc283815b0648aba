"""A tenant who may edit his own workload, on a real API server with his own token: what he may say of its class."""

from __future__ import annotations

from typing import Any

import pytest

from access.granted import TARGET, Granted
from control_plane import RefusedError
from control_plane.client import Client
from detnet.model.annotations import (
    BEST_EFFORT,
    CLASS,
    CRITICAL,
    EGRESS,
    MAXIMUM,
    MINIMUM,
    NO_PRIOR,
    PAUSE,
    PRIOR,
    WEIGHT,
)
from support import wait_for

pytestmark = pytest.mark.timeout(1200)

POD = f"/api/v1/namespaces/{TARGET}/pods/upload"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{TARGET}/deployments/upload"
RBAC = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{TARGET}"
EVERYTHING = {"apiGroups": ["", "apps", "batch"], "resources": ["*"], "verbs": ["*"]}
MAY_SET = {"apiGroups": ["qos.detnet.io"], "resources": ["classes"], "verbs": ["set"]}


def labelled(value: str | None) -> dict[str, Any]:
    """Return the merge patch of the class."""
    return {"metadata": {"labels": {CLASS: value}}}


def in_template(**metadata: Any) -> dict[str, Any]:
    """Return the merge patch of a pod template's metadata."""
    return {"spec": {"template": {"metadata": metadata}}}


def annotated(**annotations: str | None) -> dict[str, Any]:
    """Return the merge patch of these annotations."""
    return {"metadata": {"annotations": annotations}}


@pytest.fixture(scope="module")
def tenant(granted: Granted) -> Client:
    """Somebody with every right on pods and workloads of the namespace."""
    return _user(granted, "tenant", EVERYTHING)


@pytest.fixture(scope="module")
def setter(granted: Granted) -> Client:
    """Somebody who may set classes too."""
    return _user(granted, "setter", EVERYTHING, MAY_SET)


def _user(granted: Granted, name: str, *rules: dict[str, Any]) -> Client:
    plane = granted.plane
    plane.request("POST", f"/api/v1/namespaces/{TARGET}/serviceaccounts", {"metadata": {"name": name}})
    plane.request("POST", f"{RBAC}/roles", {"metadata": {"name": name}, "rules": list(rules)})
    binding = {
        "metadata": {"name": name},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": name},
        "subjects": [{"kind": "ServiceAccount", "name": name, "namespace": TARGET}],
    }
    plane.request("POST", f"{RBAC}/rolebindings", binding)
    return Client.of(plane.kubeconfig_for(TARGET, name))


def refused(client: Client, method: str, path: str, body: object) -> str | None:
    """Return why a request is refused, ``None`` if it is not; nothing is stored."""
    try:
        client.request(method, path, body, {"dryRun": "All"})
    except RefusedError as error:
        return str(error)
    return None


@pytest.fixture
def best_effort(granted: Granted) -> None:
    """The workload and its pods are best effort, as an administrator made them."""
    for path, patch in ((POD, labelled(BEST_EFFORT)), (DEPLOYMENT, labelled(BEST_EFFORT))):
        granted.plane.request("PATCH", path, patch)
    granted.plane.request("PATCH", DEPLOYMENT, in_template(labels={CLASS: BEST_EFFORT}))


ESCAPES = [
    (POD, labelled(CRITICAL)),
    (POD, labelled(None)),
    (POD, annotated(**{PAUSE: "true"})),
    (DEPLOYMENT, labelled(CRITICAL)),
    (DEPLOYMENT, labelled(None)),
    (DEPLOYMENT, in_template(labels={CLASS: CRITICAL})),
    (DEPLOYMENT, in_template(labels={CLASS: None})),
    (DEPLOYMENT, in_template(annotations={PAUSE: "true"})),
    (DEPLOYMENT, annotated(**{MINIMUM: "1T"})),
    (DEPLOYMENT, annotated(**{WEIGHT: "1000"})),
    (DEPLOYMENT, annotated(**{PAUSE: "true"})),
]


@pytest.mark.usefixtures("best_effort")
@pytest.mark.parametrize(("path", "patch"), ESCAPES)
def test_a_tenant_cannot_leave_his_class_or_ask_for_more(
    tenant: Client, setter: Client, path: str, patch: dict[str, Any]
) -> None:
    """The refusal names the right that is missing; who has it may."""
    assert "classes.qos.detnet.io" in str(refused(tenant, "PATCH", path, patch))
    assert refused(setter, "PATCH", path, patch) is None


@pytest.mark.usefixtures("best_effort")
def test_a_tenant_edits_everything_else_of_his_workload(tenant: Client, granted: Granted) -> None:
    """Image, replicas, other annotations, and a smaller maximum; an administrator is not concerned."""
    edits = ({"spec": {"replicas": 2}}, annotated(**{"example.org/team": "a"}), annotated(**{MAXIMUM: "5M"}))
    assert [refused(tenant, "PATCH", DEPLOYMENT, patch) for patch in edits] == [None, None, None]
    assert [refused(granted.plane.client, "PATCH", path, patch) for path, patch in ESCAPES] == [None] * len(ESCAPES)


def test_a_tenant_creates_no_critical_workload_of_any_kind(tenant: Client) -> None:
    """Whatever makes pods; best effort anybody may be."""
    metadata = {"labels": {"app": "new"}}
    for role, expected in ((CRITICAL, False), (BEST_EFFORT, True)):
        template = {
            "metadata": {"labels": {"app": "new", CLASS: role}},
            "spec": {"containers": [{"name": "main", "image": "none"}], "restartPolicy": "Always"},
        }
        job = {"template": {**template, "spec": {**template["spec"], "restartPolicy": "Never"}}}
        spec = {"selector": {"matchLabels": {"app": "new"}}, "template": template}
        apps, batch = f"/apis/apps/v1/namespaces/{TARGET}", f"/apis/batch/v1/namespaces/{TARGET}"
        new = {"metadata": {"name": "new", **metadata}}
        made = {
            f"/api/v1/namespaces/{TARGET}/pods": {**template, "metadata": {"name": "new", **template["metadata"]}},
            f"{apps}/deployments": {**new, "spec": spec},
            f"{apps}/statefulsets": {**new, "spec": {**spec, "serviceName": "new"}},
            f"{apps}/daemonsets": {**new, "spec": spec},
            f"{apps}/replicasets": {**new, "spec": spec},
            f"{batch}/jobs": {**new, "spec": job},
            f"{batch}/cronjobs": {**new, "spec": {"schedule": "0 0 * * *", "jobTemplate": {"spec": job}}},
        }
        assert {path: refused(tenant, "POST", path, body) is None for path, body in made.items()} == dict.fromkeys(
            made, expected
        )


def test_a_cap_of_ours_is_not_a_tenants(tenant: Client, setter: Client, granted: Granted) -> None:
    """He may neither raise it nor make it forgotten; a cap of his own, before ours, is his."""
    assert refused(tenant, "PATCH", POD, annotated(**{EGRESS: "5M"})) is None
    capped = annotated(**{EGRESS: "10M", PRIOR: NO_PRIOR})
    assert granted.refused("PATCH", POD, capped) is None
    for patch in ({EGRESS: "10T"}, {EGRESS: None}, {PRIOR: None}, {PRIOR: "10T"}):
        assert "belongs to the controller" in str(refused(tenant, "PATCH", POD, annotated(**patch)))
        assert refused(setter, "PATCH", POD, annotated(**patch)) is None
    assert granted.refused("PATCH", POD, annotated(**{EGRESS: None, PRIOR: None})) is None


def test_the_replica_set_controller_makes_the_pods_of_what_was_checked(granted: Granted) -> None:
    """Kubernetes' own controllers copy the label from the template."""
    plane = granted.plane
    labels = {"app": "checked", CLASS: CRITICAL}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    path = f"/apis/apps/v1/namespaces/{TARGET}/deployments"
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": "checked"}}, "template": pod}
    plane.request("POST", path, {"metadata": {"name": "checked"}, "spec": spec})
    pods = f"/api/v1/namespaces/{TARGET}/pods"
    wait_for(
        lambda: plane.request("GET", pods, query={"labelSelector": f"app=checked,{CLASS}={CRITICAL}"})["items"],
        what="a pod",
    )
    plane.request("DELETE", f"{path}/checked")

"""A set of objects on a real API server: applied once, pruned of what left it, and nothing else is touched."""

from __future__ import annotations

from functools import partial
from typing import Any

import pytest

from control_plane import ControlPlane
from modules.running import Collection, Module

LABELS = {"app.kubernetes.io/managed-by": "test-set"}
PRUNE = [{"api_version": "apps/v1", "kind": "Deployment"}, {"api_version": "v1", "kind": "ConfigMap"}]


def config_map(namespace: str, name: str, value: str = "1", kind: str = "ConfigMap") -> dict[str, Any]:
    """An object of the set."""
    return {
        "apiVersion": "v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": namespace, "labels": LABELS},
        ("stringData" if kind == "Secret" else "data"): {"value": value},
    }


@pytest.fixture
def apply_set(collection: Collection, control_plane: ControlPlane, namespace: str) -> Module:
    """The module on the test's namespace."""
    return partial(
        collection.module,
        "apply_set",
        kubeconfig=str(control_plane.kubeconfig),
        labels=LABELS,
        prune=PRUNE,
        namespace=namespace,
        field_manager="test",
    )


def values(plane: ControlPlane, namespace: str) -> dict[str, str]:
    """What the namespace's ConfigMaps hold, but for the one that every namespace has."""
    items = plane.request("GET", f"/api/v1/namespaces/{namespace}/configmaps")["items"]
    return {one["metadata"]["name"]: one["data"]["value"] for one in items if "value" in one.get("data", {})}


def test_the_cycle(apply_set: Module, control_plane: ControlPlane, namespace: str) -> None:
    """Each step is foretold, done once, and there is nothing left to do the second time."""
    first = [config_map(namespace, "a"), config_map(namespace, "b")]
    second = [config_map(namespace, "b", "2"), config_map(namespace, "c")]
    for objects, created, updated, pruned, held in (
        (first, ["a", "b"], [], [], {"a": "1", "b": "1"}),
        (second, ["c"], ["b"], ["a"], {"b": "2", "c": "1"}),
        ([], [], [], ["b", "c"], {}),
    ):
        before = values(control_plane, namespace)
        foretold = apply_set(objects=objects, check=True)
        assert values(control_plane, namespace) == before
        done = apply_set(objects=objects)
        for result in (foretold, done):
            assert result["changed"], result
            assert (result["created"], result["updated"], sorted(result["pruned"])) == tuple(
                [f"ConfigMap {namespace}/{name}" for name in names] for names in (created, updated, pruned)
            )
        assert foretold["diff"] == done["diff"]
        assert values(control_plane, namespace) == held
        again = apply_set(objects=objects)
        assert (again["changed"], again["diff"]) == (False, [])


def test_what_is_not_of_the_set_stays(apply_set: Module, control_plane: ControlPlane, namespace: str) -> None:
    """An object without the labels, and one of the set in another namespace."""
    bystander = config_map(namespace, "bystander")
    bystander["metadata"].pop("labels")
    control_plane.request("POST", f"/api/v1/namespaces/{namespace}/configmaps", bystander)
    control_plane.request("POST", "/api/v1/namespaces/default/configmaps", config_map("default", namespace))
    assert not apply_set(objects=[])["changed"]
    assert values(control_plane, namespace) == {"bystander": "1"}
    assert namespace in values(control_plane, "default")


def test_what_somebody_changed_is_put_back(apply_set: Module, control_plane: ControlPlane, namespace: str) -> None:
    """What the set says holds against every other manager of a field; what it does not say is theirs."""
    objects = [config_map(namespace, "a")]
    apply_set(objects=objects)
    path = f"/api/v1/namespaces/{namespace}/configmaps/a"
    control_plane.request("PATCH", path, {"data": {"value": "theirs", "more": "theirs"}})
    assert apply_set(objects=objects)["updated"] == [f"ConfigMap {namespace}/a"]
    assert control_plane.request("GET", path)["data"] == {"value": "1", "more": "theirs"}


def test_a_namespace_that_is_not_there(apply_set: Module, control_plane: ControlPlane, namespace: str) -> None:
    """It is foretold what it would hold; for real, nothing at all is changed, in no other namespace either."""
    objects = [config_map(namespace, "a"), config_map("nowhere", "b")]
    assert apply_set(objects=objects, check=True)["created"] == [f"ConfigMap {namespace}/a", "ConfigMap nowhere/b"]
    refused = apply_set(objects=objects)
    assert refused["failed"]
    assert refused["msg"].startswith("the cluster has no namespace nowhere: create it first")
    assert values(control_plane, namespace) == {}


def test_a_namespace_of_the_set_itself(apply_set: Module, control_plane: ControlPlane, namespace: str) -> None:
    """It is created before what belongs in it, foretold without it being there, and left alone if so asked."""
    own = f"own-{namespace}"
    head = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": own, "labels": {"a": "b"}}}
    objects = [head, config_map(own, "a")]
    for check in (True, False):
        made = apply_set(objects=objects, check=check, create_only=["Namespace"])
        assert made["created"] == [f"Namespace {own}", f"ConfigMap {own}/a"], made
    control_plane.request("PATCH", f"/api/v1/namespaces/{own}", {"metadata": {"labels": {"a": "theirs"}}})
    assert not apply_set(objects=objects, create_only=["Namespace"])["changed"]
    assert apply_set(objects=objects)["updated"] == [f"Namespace {own}"]
    control_plane.delete_namespace(own)


def test_a_kind_that_the_cluster_does_not_serve(apply_set: Module, control_plane: ControlPlane, namespace: str) -> None:
    """Refused before anything is changed, or left out and told where it is optional."""
    foreign = {
        "apiVersion": "example.org/v1",
        "kind": "Gadget",
        "metadata": {"name": "g", "namespace": namespace, "labels": LABELS},
    }
    objects = [config_map(namespace, "a"), foreign]
    refused = apply_set(objects=objects)
    assert refused["failed"]
    assert refused["msg"].startswith(
        f"this cluster does not serve example.org/v1 Gadget, which Gadget {namespace}/g needs"
    )
    assert values(control_plane, namespace) == {}
    made = apply_set(objects=objects, optional=["Gadget"])
    assert (made["created"], made["unserved"]) == ([f"ConfigMap {namespace}/a"], ["example.org/v1 Gadget"])


def test_what_does_not_go_is_told_with_who_holds_it(
    apply_set: Module, control_plane: ControlPlane, namespace: str
) -> None:
    """A finalizer of somebody else's, and what was done before."""
    held = config_map(namespace, "held")
    held["metadata"]["finalizers"] = ["example.org/stay"]
    apply_set(objects=[held])
    failed = apply_set(objects=[config_map(namespace, "new")], wait_timeout=1)
    assert failed["failed"]
    assert failed["msg"] == (
        f"ConfigMap {namespace}/held is still there after 1 s (example.org/stay) "
        f"(done before: created ConfigMap {namespace}/new; pruned ConfigMap {namespace}/held)"
    )
    path = f"/api/v1/namespaces/{namespace}/configmaps/held"
    control_plane.request("PATCH", path, {"metadata": {"finalizers": None}})


def test_what_the_server_refuses_is_told_in_its_words(apply_set: Module, namespace: str) -> None:
    """With what was done before it."""
    bad = config_map(namespace, "Bad_Name")
    failed = apply_set(objects=[config_map(namespace, "good"), bad])
    assert failed["failed"]
    assert "Bad_Name" in failed["msg"]
    assert f"(done before: created ConfigMap {namespace}/good)" in failed["msg"]


def test_no_difference_shows_what_a_secret_holds(apply_set: Module, namespace: str) -> None:
    """Logs are read by more people than Secrets."""
    result = apply_set(objects=[config_map(namespace, "s", "hunter2", kind="Secret")])
    assert result["created"] == [f"Secret {namespace}/s"]
    assert "hunter2" not in str(result["diff"])
    assert "aHVudGVyMg" not in str(result["diff"])

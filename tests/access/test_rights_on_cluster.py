"""With the rights that the role gives, the real API server lets the controller do its work and nothing else."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from access.granted import NAME, OTHER, OWN, TARGET, WATCHED, Granted
from control_plane import ControlPlane
from control_plane.client import Client
from detnet.control.decision import Action
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.client.leader_election import LeaderElector
from detnet.kubernetes.events.reasons import Subject
from detnet.kubernetes.objects.workloads import Ref
from detnet.model.annotations import EGRESS, NO_PRIOR, PRIOR, STATUS
from kubernetes_events.passes import TARGET as TOLD
from kubernetes_events.passes import Passes
from kubernetes_events.workloads import Clock

pytestmark = pytest.mark.timeout(1200)

CORE, APPS = "/api/v1/namespaces", "/apis/apps/v1/namespaces"
LEASES = "/apis/coordination.k8s.io/v1/namespaces"
CAP = {"metadata": {"annotations": {EGRESS: "10M", PRIOR: NO_PRIOR}}}
UNCAP = {"metadata": {"annotations": {EGRESS: None, PRIOR: None}}}
SAID = {"metadata": {"annotations": {STATUS: "at most 10 Mbit/s"}}}
POD = {"metadata": {"name": "mine"}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
WORKLOADS = ("deployments", "statefulsets", "daemonsets")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("PATCH", f"{CORE}/{TARGET}/pods/upload", CAP),
        ("PATCH", f"{CORE}/{TARGET}/pods/upload", UNCAP),
        *(("PATCH", f"{APPS}/{TARGET}/{kind}/upload", SAID) for kind in WORKLOADS),
        *(("GET", f"{CORE}/{namespace}/pods{one}", None) for namespace in (TARGET, WATCHED) for one in ("", "/upload")),
        *(
            ("GET", f"{APPS}/{namespace}/{kind}{one}", None)
            for namespace in (TARGET, WATCHED)
            for kind in WORKLOADS
            for one in ("", "/upload")
        ),
        ("GET", f"{LEASES}/{OWN}/leases/{NAME}", None),
    ],
)
def test_what_the_controller_does_is_allowed(granted: Granted, method: str, path: str, body: object) -> None:
    """Reading and patching what the actuator and the event_recorder read and patch."""
    assert granted.refused(method, path, body) is None


@pytest.mark.parametrize("namespace", [TARGET, WATCHED])
def test_watching_is_allowed(granted: Granted, namespace: str) -> None:
    """Pods and workloads may be followed."""
    for path in (f"{CORE}/{namespace}/pods", *(f"{APPS}/{namespace}/{kind}" for kind in WORKLOADS)):
        with granted.client.watch(path, {"timeoutSeconds": "1"}) as events:
            assert next(iter(events))["type"] == "ADDED"


def test_the_elector_can_lead(granted: Granted, api: Api) -> None:
    """The Lease that the role has made is taken and renewed, although none may be created."""
    elector = LeaderElector(api, OWN, NAME, "test")
    assert elector.step() > 0.0
    assert elector.leading
    elector.step()
    assert elector.last_error is None
    elector.release()


def test_the_event_recorder_can_record(granted: Granted, api: Api) -> None:
    """Events and statuses are written with the controller's own rights, twice, so that they are also counted on."""
    made = granted.plane.request("GET", f"{APPS}/{TARGET}/deployments/upload")
    subject = Subject(Ref("Deployment", TARGET, "upload"), made["metadata"]["uid"])
    clock, passes = Clock(), Passes()
    for identity in ("one", "two"):
        event_recorder = clock.event_recorder(api, identity=identity)
        for each in (passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "40M")):
            event_recorder.record(each, {TOLD: subject})
        clock.pass_on(event_recorder, 60.0)
        assert (event_recorder.written_total, event_recorder.failures_total) == (2, 0)


DENIED = [
    ("POST", f"{CORE}/{TARGET}/pods", POD),
    ("PUT", f"{CORE}/{TARGET}/pods/upload", POD),
    ("DELETE", f"{CORE}/{TARGET}/pods/upload", None),
    ("DELETE", f"{CORE}/{TARGET}/pods", None),
    ("PATCH", f"{CORE}/{TARGET}/pods/upload/status", {"status": {"phase": "Failed"}}),
    ("PATCH", f"{CORE}/{TARGET}/pods/upload/ephemeralcontainers", {"spec": {}}),
    ("POST", f"{CORE}/{TARGET}/pods/upload/eviction", {"metadata": {"name": "upload"}}),
    ("POST", f"{CORE}/{TARGET}/pods/upload/exec?command=id", None),
    ("POST", f"{CORE}/{TARGET}/pods/upload/binding", {"target": {"name": "n"}}),
    ("GET", f"{CORE}/{TARGET}/pods/upload/log", None),
    *(("GET", f"{CORE}/{TARGET}/{kind}{one}", None) for kind in ("secrets", "configmaps") for one in ("", "/upload")),
    ("PATCH", f"{CORE}/{TARGET}/configmaps/upload", {"data": {"a": "b"}}),
    ("GET", f"{CORE}/{TARGET}/serviceaccounts", None),
    ("POST", f"{CORE}/{OWN}/serviceaccounts/{NAME}/token", {"spec": {}}),
    ("GET", f"{CORE}/{TARGET}/events", None),
    ("DELETE", f"{CORE}/{TARGET}/events", None),
    *(("POST", f"{APPS}/{TARGET}/{kind}", {}) for kind in WORKLOADS),
    *(("PUT", f"{APPS}/{TARGET}/{kind}/upload", {}) for kind in WORKLOADS),
    *(("DELETE", f"{APPS}/{TARGET}/{kind}/upload", None) for kind in WORKLOADS),
    *(("PATCH", f"{APPS}/{TARGET}/{kind}/upload/status", {"status": {}}) for kind in WORKLOADS),
    ("PATCH", f"{APPS}/{TARGET}/deployments/upload/scale", {"spec": {"replicas": 9}}),
    ("GET", f"{APPS}/{TARGET}/replicasets", None),
    ("PATCH", f"{CORE}/{WATCHED}/pods/upload", CAP),
    *(("PATCH", f"{APPS}/{WATCHED}/{kind}/upload", SAID) for kind in WORKLOADS),
    ("POST", f"{CORE}/{WATCHED}/events", {}),
    ("GET", f"{CORE}/{OTHER}/pods", None),
    ("PATCH", f"{CORE}/{OTHER}/pods/upload", CAP),
    ("GET", f"{APPS}/{OTHER}/deployments", None),
    ("GET", "/api/v1/pods", None),
    ("GET", "/api/v1/nodes", None),
    ("GET", "/api/v1/namespaces", None),
    ("GET", f"{CORE}/{TARGET}", None),
    ("POST", f"{LEASES}/{OWN}/leases", {"metadata": {"name": "another"}}),
    ("GET", f"{LEASES}/{OWN}/leases", None),
    ("GET", f"{LEASES}/{OWN}/leases/another", None),
    ("DELETE", f"{LEASES}/{OWN}/leases/{NAME}", None),
    ("GET", f"{LEASES}/kube-system/leases/{NAME}", None),
    ("POST", f"/apis/rbac.authorization.k8s.io/v1/namespaces/{TARGET}/rolebindings", {}),
]


@pytest.mark.parametrize(("method", "path", "body"), DENIED)
def test_everything_else_is_denied(granted: Granted, method: str, path: str, body: object) -> None:
    """Requests that a controller which was taken over would try."""
    assert "cannot" in str(granted.refused(method, path, body))


@pytest.mark.parametrize("namespace", [TARGET, WATCHED, OTHER, OWN, "kube-system"])
def test_there_is_no_right_that_nobody_thought_of(granted: Granted, namespace: str) -> None:
    """Beyond what every service account may, the API server's own list of the controller's rights is this."""
    read = ("get", "list", "watch")
    expected = {
        TARGET: {
            *((verb, "", "pods", "") for verb in (*read, "patch")),
            *((verb, "apps", kind, "") for verb in (*read, "patch") for kind in WORKLOADS),
            *((verb, "", "events", "") for verb in ("create", "patch")),
        },
        WATCHED: {
            *((verb, "", "pods", "") for verb in read),
            *((verb, "apps", kind, "") for verb in read for kind in WORKLOADS),
        },
        OWN: {(verb, "coordination.k8s.io", "leases", NAME) for verb in ("get", "update", "patch")},
    }
    anybody = granted.plane.kubeconfig_for(OTHER, "default")
    assert rights(granted, namespace) - rights_of(granted.plane, anybody, namespace) == expected.get(namespace, set())


def rights(granted: Granted, namespace: str) -> set[tuple[str, str, str, str]]:
    """Return verb, group, resource and name of what the controller may do in a namespace."""
    return rights_of(granted.plane, granted.kubeconfig, namespace)


def rights_of(plane: ControlPlane, kubeconfig: Path, namespace: str) -> set[tuple[str, str, str, str]]:
    """Ask the API server what the owner of a kubeconfig may do in a namespace."""
    token = json.loads(kubeconfig.read_text())["users"][0]["user"]["token"]
    path = "/apis/authorization.k8s.io/v1/selfsubjectrulesreviews"
    asked = Client(plane.url, token, plane.ca_file).request("POST", path, {"spec": {"namespace": namespace}})
    rules = asked["status"]["resourceRules"]
    return {
        (verb, group, resource, name)
        for rule in rules
        for verb in rule["verbs"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for name in rule.get("resourceNames", [""])
    }

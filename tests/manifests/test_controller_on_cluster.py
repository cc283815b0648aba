"""The controller's pods on a real API server: foretold, made once, rolled by a new configuration, and taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from access.role import Run, play
from control_plane import ControlPlane

pytestmark = pytest.mark.timeout(1800)

SPACE = "pod-mode"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
NAME = "detnet-controller"
STATUS = "qos.detnet.io/status"
TOLD = {
    "metadata": {"name": "upload", "annotations": {STATUS: "at most 20 Mbit/s", "example.org/kept": "yes"}},
    "spec": {
        "replicas": 0,
        "selector": {"matchLabels": {"app": "upload"}},
        "template": {
            "metadata": {"labels": {"app": "upload"}},
            "spec": {"containers": [{"name": "main", "image": "none"}]},
        },
    },
}
PLAYBOOK = "[{hosts: localhost, gather_facts: false, roles: [detnet.qos.%s]}]"


@pytest.fixture
def run(control_plane: ControlPlane, namespace: str, tmp_path: Path) -> Any:
    """Play a role for a controller in ``SPACE`` whose target is ``namespace``."""

    def run(role: str, *options: str, **variables: object) -> Run:
        common = {"kubeconfig": str(control_plane.kubeconfig), "namespace": SPACE}
        own: dict[str, dict[str, object]] = {
            "controller_access": {"target_namespaces": [namespace]},
            "controller": {"wait": False, "settings": {"actuator": {"kubernetes": {"namespaces": [namespace]}}}},
        }
        known = {f"{role}_{name}": value for name, value in {**common, **own[role], **variables}.items()}
        return play(tmp_path, known, *options, playbook=PLAYBOOK % role)

    return run


def test_the_cycle(control_plane: ControlPlane, namespace: str, run: Any) -> None:
    """Each step is foretold by check mode, done once, and nothing is left to do the second time."""
    foretold = run("controller", "--check", "--diff")
    assert (foretold.ok, foretold.changed > 0) == (True, True), foretold.output
    lacking = run("controller")
    assert not lacking.ok
    assert "apply the role detnet.qos.controller_access first" in " ".join(lacking.output.split())
    assert deployed(control_plane) == {}
    assert run("controller_access").ok
    made = run("controller")
    assert (made.ok, made.changed) == (True, 1), made.output
    first = deployed(control_plane)[NAME]
    assert first["spec"]["replicas"] == 2
    assert run("controller").changed == 0
    rolled = run("controller", settings={"mode": "observe"}, network_policy=False)
    assert (rolled.ok, rolled.changed) == (True, 1), rolled.output
    second = deployed(control_plane)[NAME]
    assert second["spec"]["template"] != first["spec"]["template"]
    policies = f"/apis/networking.k8s.io/v1/namespaces/{SPACE}/networkpolicies"
    assert control_plane.request("GET", policies)["items"] == []
    assert run("controller", "--check", state="absent").changed > 0
    assert NAME in deployed(control_plane)
    told = control_plane.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", TOLD)
    assert run("controller", state="absent").ok
    assert deployed(control_plane) == {}
    left = control_plane.request("GET", f"/apis/apps/v1/namespaces/{namespace}/deployments/upload")["metadata"]
    assert told["metadata"]["annotations"].keys() - left["annotations"].keys() == {STATUS}
    assert run("controller", state="absent").changed == 0
    assert run("controller_access", state="absent", remove_namespace=True).ok


def deployed(plane: ControlPlane) -> dict[str, Any]:
    """The Deployments of the namespace by name."""
    return {one["metadata"]["name"]: one for one in plane.request("GET", DEPLOYMENTS)["items"]}

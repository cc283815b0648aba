"""playbooks/release.yml puts every pod of the target namespaces back to what it was before us."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml

from control_plane import ControlPlane
from control_plane.fixtures import control_plane, namespace
from playbooks.played import played
from support import wait_for

__all__ = ["control_plane", "namespace"]
pytestmark = pytest.mark.timeout(900)

CAP, PRIOR, STATUS = "kubernetes.io/egress-bandwidth", "qos.detnet.io/prior-egress-bandwidth", "qos.detnet.io/status"


def release(plane: ControlPlane, namespace: str, *options: str) -> tuple[int, str]:
    """Play it and return how many tasks changed something, and the output."""
    config = yaml.safe_load(plane.kubeconfig.read_text(encoding="utf-8"))
    known: dict[str, object] = {
        "detnet_confirm": urlsplit(config["clusters"][0]["cluster"]["server"]).netloc,
        "detnet_kubeconfig": str(plane.kubeconfig),
        "controller_access_target_namespaces": [namespace],
    }
    code, output = played("playbooks/release.yml", known, *options)
    assert code == 0, output
    return int(re.findall(r"changed=(\d+)", output)[-1]), output


def test_caps_notes_and_status_go_and_the_second_run_finds_nothing(control_plane: ControlPlane, namespace: str) -> None:
    """Of a workload with and of one without our label; a cap that was there before us is there again."""
    deployments = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    with control_plane.run_pods(namespace):
        for name, labels in (("labelled", {"qos.detnet.io/class": "best-effort"}), ("named", {})):
            control_plane.request("POST", deployments, deployment(name, labels))
        wait_for(lambda: len(running(control_plane, namespace)) == 2, what="both pods run")
        pods = f"/api/v1/namespaces/{namespace}/pods"
        for pod in running(control_plane, namespace):
            ours = {"metadata": {"annotations": {CAP: "20M", PRIOR: "50M"}}}
            control_plane.request("PATCH", f"{pods}/{pod['metadata']['name']}", ours)
        told = {"metadata": {"annotations": {STATUS: "at most 20 Mbit/s"}}}
        control_plane.request("PATCH", f"{deployments}/labelled", told)

        changed, output = release(control_plane, namespace, "--check")
        assert changed > 0, output
        assert {cap(pod) for pod in running(control_plane, namespace)} == {("20M", "50M")}

        changed, output = release(control_plane, namespace)
        assert changed == 2, output
        assert {cap(pod) for pod in running(control_plane, namespace)} == {("50M", None)}
        assert STATUS not in control_plane.request("GET", f"{deployments}/labelled")["metadata"]["annotations"]
        assert release(control_plane, namespace)[0] == 0


def deployment(name: str, labels: dict[str, str]) -> dict[str, Any]:
    """A Deployment of one pod."""
    template = {"metadata": {"labels": {"app": name}}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}}, "template": template}
    return {"metadata": {"name": name, "labels": labels}, "spec": spec}


def running(plane: ControlPlane, namespace: str) -> list[dict[str, Any]]:
    """The pods that run."""
    pods = plane.request("GET", f"/api/v1/namespaces/{namespace}/pods")["items"]
    return [pod for pod in pods if pod["status"].get("phase") == "Running"]


def cap(pod: dict[str, Any]) -> tuple[str | None, str | None]:
    """Its cap, and what is noted as the one before."""
    annotations = pod["metadata"].get("annotations", {})
    return annotations.get(CAP), annotations.get(PRIOR)

"""What all other tests of the API server rely on: the control plane is real, obeys, and leaves nothing behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from control_plane import Client, ControlPlane, RefusedError, running
from support import wait_for


def workload(kind: str, name: str, replicas: int | None, image: str = "first") -> dict[str, Any]:
    """A Deployment, StatefulSet or DaemonSet with one container."""
    labels = {"app": name}
    template = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "main", "image": image}]}}
    spec: dict[str, Any] = {"selector": {"matchLabels": labels}, "template": template}
    if replicas is not None:
        spec["replicas"] = replicas
    return {"kind": kind, "metadata": {"name": name}, "spec": spec}


def pods(plane: ControlPlane, namespace: str, app: str) -> list[dict[str, Any]]:
    """The pods of a workload."""
    items: list[dict[str, Any]] = plane.request(
        "GET", f"/api/v1/namespaces/{namespace}/pods", query={"labelSelector": f"app={app}"}
    )["items"]
    return items


def running_images(plane: ControlPlane, namespace: str, app: str) -> list[str]:
    """The images of those pods of a workload that run."""
    return [
        pod["spec"]["containers"][0]["image"]
        for pod in pods(plane, namespace, app)
        if pod["status"]["phase"] == "Running" and "deletionTimestamp" not in pod["metadata"]
    ]


def test_a_deployment_is_rolled_out_changed_and_scaled_down(control_plane: ControlPlane, namespace: str) -> None:
    """The controllers make pods, the stand-in runs them on different nodes, a new template replaces them all."""
    path = f"/apis/apps/v1/namespaces/{namespace}/deployments"
    with control_plane.run_pods(namespace):
        control_plane.request("POST", path, workload("Deployment", "web", 3))
        wait_for(lambda: running_images(control_plane, namespace, "web") == ["first"] * 3, what="three pods running")
        found = pods(control_plane, namespace, "web")
        assert len({pod["status"]["podIP"] for pod in found}) == 3
        assert len({pod["spec"]["nodeName"] for pod in found}) == 3

        control_plane.request("PATCH", f"{path}/web", {"spec": workload("Deployment", "web", 3, "second")["spec"]})
        wait_for(lambda: running_images(control_plane, namespace, "web") == ["second"] * 3, what="the new template")
        wait_for(lambda: len(pods(control_plane, namespace, "web")) == 3, what="the old pods' end")

        control_plane.request("PATCH", f"{path}/web", {"spec": {"replicas": 0}})
        wait_for(lambda: not pods(control_plane, namespace, "web"), what="no pods")


def test_a_stateful_set_gets_its_pods(control_plane: ControlPlane, namespace: str) -> None:
    """The second pod comes when the first one is ready."""
    with control_plane.run_pods(namespace):
        body = workload("StatefulSet", "set", 2)
        control_plane.request("POST", f"/apis/apps/v1/namespaces/{namespace}/statefulsets", body)
        wait_for(lambda: len(running_images(control_plane, namespace, "set")) == 2, what="two pods running")
        assert {pod["metadata"]["name"] for pod in pods(control_plane, namespace, "set")} == {"set-0", "set-1"}


def test_a_daemon_set_gets_one_pod_on_each_node(control_plane: ControlPlane, namespace: str) -> None:
    """Also on a node that is not this stand-in's own: the controller chose it."""
    control_plane.run_pods(namespace, nodes=("edge-1",)).stop()
    nodes = {node["metadata"]["name"] for node in control_plane.request("GET", "/api/v1/nodes")["items"]} | {"node-1"}
    with control_plane.run_pods(namespace, nodes=("node-1",)):
        body = workload("DaemonSet", "set", None)
        control_plane.request("POST", f"/apis/apps/v1/namespaces/{namespace}/daemonsets", body)
        wait_for(lambda: len(running_images(control_plane, namespace, "set")) == len(nodes), what="pods running")
        assert {pod["spec"]["nodeName"] for pod in pods(control_plane, namespace, "set")} == nodes


def test_a_service_account_may_do_what_its_role_says_and_no_more(control_plane: ControlPlane, namespace: str) -> None:
    """A real token meets the real authorizer."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    rules = [{"apiGroups": [""], "resources": ["pods"], "verbs": ["list"]}]
    subject = {"kind": "ServiceAccount", "name": "reader", "namespace": namespace}
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "reader"}
    metadata = {"metadata": {"name": "reader"}}
    control_plane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", metadata)
    control_plane.request("POST", f"{rbac}/roles", metadata | {"rules": rules})
    control_plane.request("POST", f"{rbac}/rolebindings", metadata | {"subjects": [subject], "roleRef": reference})

    reader = Client.of(control_plane.kubeconfig_for(namespace, "reader"))
    wait_for(lambda: allowed(lambda: reader.request("GET", f"/api/v1/namespaces/{namespace}/pods")), what="the role")
    for denied in (f"namespaces/{namespace}/secrets", "namespaces/default/pods", "nodes"):
        with pytest.raises(RefusedError, match="403"):
            reader.request("GET", f"/api/v1/{denied}")


def allowed(call: Callable[[], object]) -> bool:
    """Whether the call is not forbidden (the authorizer learns of a new role by a watch)."""
    try:
        call()
    except RefusedError as error:
        if error.status != 403:
            raise
        return False
    return True


def test_the_audit_log_tells_who_patched_what(control_plane: ControlPlane, namespace: str) -> None:
    """A patch of a pod is there with its user and its body."""
    path = f"/api/v1/namespaces/{namespace}/pods"
    pod = {"metadata": {"name": "one"}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    control_plane.request("POST", path, pod)
    control_plane.request("PATCH", f"{path}/one", {"metadata": {"annotations": {"example.org/seen": "yes"}}})

    def patches() -> list[Any]:
        return [
            (event["user"]["username"], event["requestObject"])
            for event in control_plane.audit_events()
            if event["verb"] == "patch" and event["objectRef"].get("namespace") == namespace
        ]

    wait_for(patches, what="the patch in the audit log")
    assert patches() == [("admin", {"metadata": {"annotations": {"example.org/seen": "yes"}}})]


def test_data_outlive_the_api_server_and_etcd(control_plane: ControlPlane, namespace: str) -> None:
    """After a crash of both, the same address serves the same objects, and new pods still run."""
    url = control_plane.url
    with control_plane.run_pods(namespace):
        control_plane.stop_api()
        with pytest.raises(OSError, match="refused"):
            control_plane.request("GET", "/version")
        control_plane.stop_etcd()
        control_plane.start_etcd()
        control_plane.start_api()
        assert control_plane.url == url
        assert control_plane.request("GET", f"/api/v1/namespaces/{namespace}")["metadata"]["name"] == namespace
        body = workload("Deployment", "later", 1)
        control_plane.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", body)
        wait_for(lambda: running_images(control_plane, namespace, "later"), what="a pod after the crash", within_s=30)


def alive(pid: int) -> bool:
    """Whether the process exists and is not just waiting to be reaped."""
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def test_nothing_runs_after_the_context_not_even_after_an_exception(tmp_path: Path) -> None:
    """Leaving the context ends every process."""
    pids: list[int] = []

    def fail_inside() -> None:
        with running(tmp_path / "plane") as plane:
            pids.extend(plane.pids)
            raise LookupError

    with pytest.raises(LookupError):
        fail_inside()
    assert len(pids) == 3
    assert not any(alive(pid) for pid in pids)


def test_nothing_outlives_a_killed_test_run(tmp_path: Path) -> None:
    """When our process gets SIGKILL, the kernel ends the programs it started."""
    script = (
        "import sys, pathlib, signal\n"
        "from control_plane import running\n"
        "with running(pathlib.Path(sys.argv[1])) as plane:\n"
        "    print(*plane.pids, flush=True)\n"
        "    signal.pause()\n"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", script, tmp_path], env=environment, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    pids = [int(pid) for pid in parent.stdout.readline().split()]
    assert len(pids) == 3
    assert all(alive(pid) for pid in pids)
    parent.send_signal(signal.SIGKILL)
    parent.wait()
    parent.stdout.close()
    wait_for(lambda: not any(alive(pid) for pid in pids), what="the end of all programs")

"""The role cilium on a real API server: what it refuses before it changes anything, and what it takes for ready."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from access.role import Run, play
from control_plane import ControlPlane
from control_plane.plane import running
from manifests.cilium_cluster import CRD, RESOURCE_TYPES, joined, node, take_over

pytestmark = pytest.mark.timeout(900)

PLAY = "[{hosts: localhost, gather_facts: false, roles: [cilium]}]"
VERIFY = """
[{hosts: localhost, gather_facts: false, tasks: [
  {detnet.qos.api_info: {paths: {nodes: /api/v1/nodes}}, register: __cilium_found},
  {ansible.builtin.include_role: {name: cilium, tasks_from: verify.yml}}]}]
"""
SYSTEM = "/apis/apps/v1/namespaces/kube-system/daemonsets"
CLUSTER_INFO = "/api/v1/namespaces/kube-public/configmaps"
CONFIG = "/api/v1/namespaces/kube-system/configmaps"
AGENT = {"k8s-app": "cilium"}
CONTAINER = {"name": "cilium-agent", "image": "none"}
DAEMON_SET = {
    "metadata": {"name": "cilium"},
    "spec": {
        "selector": {"matchLabels": AGENT},
        "template": {"metadata": {"labels": AGENT}, "spec": {"containers": [CONTAINER]}},
    },
}

Runner = Callable[..., Run]


@pytest.fixture
def plane(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[ControlPlane]:
    """A control plane of its own, as nodes belong to no namespace."""
    request.getfixturevalue("control_plane")  # which skips without its programs
    with running(tmp_path / "plane") as plane:
        yield plane


@pytest.fixture
def run(plane: ControlPlane, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Runner:
    """Play the role, or a part of it."""
    monkeypatch.setenv("K8S_AUTH_KUBECONFIG", str(plane.kubeconfig))

    def run(*options: str, playbook: str = PLAY, **variables: object) -> Run:
        known = {"cilium_ask_agents": False, "cilium_timeout_s": 5, "cilium_helm": "/nowhere/helm"}
        return play(tmp_path, known | variables, *options, playbook=playbook)

    return run


def test_unfit_nodes_and_a_missing_helm_are_named_before_anything_changes(plane: ControlPlane, run: Runner) -> None:
    """The nodes' kernels are those that the API server knows of; a node that is only less fit gets a word."""
    assert "the cluster has no nodes yet, so join one first" in joined(run())
    node(plane, "old", "5.4.0-200-generic")
    refused = joined(run())
    assert re.search(r"node old runs Linux 5\.4, and Cilium [0-9.]+ needs 5\.10 or newer", refused)
    node(plane, "old", "5.15.0-91-generic")
    assert "with cilium_bbr needs 5.18 or newer" in joined(run(cilium_bbr=True))
    plane.request("POST", SYSTEM, {**DAEMON_SET, "metadata": {"name": "kube-proxy"}})
    assert "there is no ConfigMap kube-public/cluster-info" in joined(run())
    plane.request("POST", CLUSTER_INFO, {"metadata": {"name": "cluster-info"}})
    stopped = run("--check", profile_name="reference")
    assert (stopped.ok, stopped.changed) == (False, 0)
    said = joined(stopped)
    assert "bandwidth.cilium.io/priority has no effect on old, as it needs Linux 6.7" in said
    assert "have tested 1.18.3 with Kubernetes 1.30 to 1.33, and not with 1.34" in said
    assert "kube-proxy runs in this cluster beside its replacement" in said
    assert "Helm did not answer on localhost: install Helm 3.10 or newer there, or set cilium_helm" in said


def test_it_is_ready_when_agents_nodes_and_configuration_are(plane: ControlPlane, run: Runner) -> None:
    """Each of the three is missed when it is not there, and named."""
    plane.request("POST", RESOURCE_TYPES, CRD)
    off, on = ({"enable-bandwidth-manager": word} for word in ("false", "true"))
    plane.request("POST", CONFIG, {"metadata": {"name": "cilium-config"}, "data": off})
    plane.request("POST", "/api/v1/namespaces/kube-system/serviceaccounts", {"metadata": {"name": "default"}})
    nothing = joined(run(playbook=VERIFY))
    assert "there is no DaemonSet cilium in kube-system; the ConfigMap cilium-config does not say" in nothing
    plane.request("POST", SYSTEM, DAEMON_SET)
    with plane.run_pods("kube-system"):
        half = joined(run(playbook=VERIFY, cilium_timeout_s=60))
        assert "does not say enable-bandwidth-manager, so caps would have no effect; no CiliumNode is there for" in half
        plane.request("PATCH", f"{CONFIG}/cilium-config", {"data": on})
        take_over(plane)
        ready = run(playbook=VERIFY, cilium_timeout_s=60)
    assert (ready.ok, ready.changed) == (True, 0), ready.output

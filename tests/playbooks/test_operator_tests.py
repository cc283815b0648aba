"""The bandwidth test and the decrease test say in one sentence why they could not be made."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from control_plane import ControlPlane
from control_plane.fixtures import control_plane, namespace
from playbooks.played import NOWHERE, played
from support import wait_for

__all__ = ["control_plane", "namespace"]
pytestmark = pytest.mark.timeout(900)


def refusal(playbook: str, kubeconfig: Path | str, **variables: object) -> str:
    """Play it and return the message of its only failure."""
    code, output = played(f"playbooks/{playbook}.yml", {"detnet_kubeconfig": str(kubeconfig), **variables})
    assert code != 0, output
    ((failed, rescued),) = re.findall(r"\bfailed=(\d+) .*\brescued=(\d+)", output)
    shown = re.findall(r"^(?:fatal|failed): \[", output, flags=re.MULTILINE)
    assert (failed, len(shown)) == ("1", 1 + int(rescued)), output
    return " ".join(output.split())


@pytest.fixture
def factory(control_plane: ControlPlane, namespace: str) -> Iterator[str]:
    """A namespace in which pods run, as far as the API server knows."""
    with control_plane.run_pods(namespace):
        yield namespace


def deploy(plane: ControlPlane, namespace: str, name: str, replicas: int) -> None:
    """Deploy a best-effort workload."""
    spec: dict[str, Any] = {
        "replicas": replicas,
        "selector": {"matchLabels": {"app": name}},
        "template": {
            "metadata": {"labels": {"app": name}},
            "spec": {"containers": [{"name": "main", "image": "none"}]},
        },
    }
    labels = {"qos.detnet.io/class": "best-effort"}
    body = {"metadata": {"name": name, "labels": labels}, "spec": spec}
    plane.request("POST", f"/apis/apps/v1/namespaces/{namespace}/deployments", body)
    pods = f"/api/v1/namespaces/{namespace}/pods?fieldSelector=status.phase=Running"
    wait_for(lambda: len(plane.request("GET", pods)["items"]) == replicas, what=f"{replicas} pods of {name} run")


@pytest.mark.parametrize("playbook", ["bandwidth_test", "decrease_test"])
def test_a_cluster_that_does_not_answer_is_named_with_its_kubeconfig(tmp_path: Path, playbook: str) -> None:
    """Before anything is asked of it."""
    (tmp_path / "config").write_text(NOWHERE, encoding="utf-8")
    told = refusal(playbook, tmp_path / "config")
    assert f"The cluster does not answer, nothing was changed. Check detnet_kubeconfig ({tmp_path / 'config'})" in told


def test_the_bandwidth_test_needs_a_pod_that_runs(control_plane: ControlPlane, factory: str) -> None:
    """It names the workload that is not there, or has no pod, or whose pod runs nothing."""
    given: dict[str, object] = {"robot_factory_namespace": factory, "detnet_upload_from": "sender"}
    question = "Does an upload keep to its pod's cap? Not measured:"
    assert f"{question} there is no Deployment {factory}/sender" in refusal(
        "bandwidth_test", control_plane.kubeconfig, **given
    )
    deploy(control_plane, factory, "sender", replicas=0)
    assert f"{question} no pod of sender is running" in refusal("bandwidth_test", control_plane.kubeconfig, **given)
    deploy(control_plane, factory, "phantom", replicas=1)
    told = refusal("bandwidth_test", control_plane.kubeconfig, **given | {"detnet_upload_from": "phantom"})
    assert f"{question} iperf3 did not run in phantom-" in told
    assert "error sending request" in told


def test_the_decrease_test_needs_noise_and_a_controller(control_plane: ControlPlane, factory: str) -> None:
    """Afterwards there is as much noise as before."""
    given: dict[str, object] = {"robot_factory_namespace": factory, "detnet_verify_seconds": 3}
    question = "Do caps fall when noise congests the path? Not measured:"
    told = refusal("decrease_test", control_plane.kubeconfig, **given)
    assert f"{question} there is no Deployment {factory}/noise-generator" in told
    deploy(control_plane, factory, "noise-generator", replicas=2)
    assert f"{question} there is no controller" in refusal("decrease_test", control_plane.kubeconfig, **given)
    noise = f"/apis/apps/v1/namespaces/{factory}/deployments/noise-generator"
    assert control_plane.request("GET", noise)["spec"]["replicas"] == 2


def test_verify_tells_of_a_cluster_without_cilium_why_nothing_is_known(control_plane: ControlPlane) -> None:
    """No question is answered by what was not asked."""
    code, output = played("playbooks/verify.yml", {"detnet_kubeconfig": str(control_plane.kubeconfig)})
    told = " ".join(output.split())
    assert code == 0, output
    assert re.search(
        r"not measured Does Cilium hold a pod to a new cap\?.* run it with -e detnet_verify_prove=true", told
    )
    assert re.search(r"not measured Are the caps in the datapath\?.* no agent of Cilium runs in kube-system", told)

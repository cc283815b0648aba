"""Both roles on a real API server: foretold, made once, repaired, and taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from access.role import ROOT, Run, play
from control_plane import ControlPlane
from manifests.cilium_crd import CRD
from manifests.rendered import Objects, of_kind
from support import wait_for

pytestmark = pytest.mark.timeout(1800)

SPACE = "cycle-factory"
BOTH = "robot_factory network_policies"
CILIUM = f"/apis/cilium.io/v2/namespaces/{SPACE}/ciliumnetworkpolicies"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
SERVICES = f"/api/v1/namespaces/{SPACE}/services"
PODS = f"/api/v1/namespaces/{SPACE}/pods"
BYSTANDER = {"apiVersion": "cilium.io/v2", "kind": "CiliumNetworkPolicy", "metadata": {"name": "bystander"}}
READS = {"toPorts": [{"ports": [{"port": "53"}], "rules": {"dns": [{}]}}]}


@pytest.fixture
def run(control_plane: ControlPlane, tmp_path: Path) -> Any:
    """Play the roles of these names one after the other, each with the variables that it knows."""

    def run(roles: str, *options: str, **variables: object) -> Run:
        known: dict[str, object] = {}
        for role in roles.split():
            common = {"kubeconfig": str(control_plane.kubeconfig), "namespace": SPACE, **variables}
            known |= {f"{role}_{name}": value for name, value in common.items() if known_to(role, name)}
        playbook = f"[{{hosts: localhost, gather_facts: false, roles: [{', '.join(roles.split())}]}}]"
        return play(tmp_path, known, *options, playbook=playbook)

    return run


def known_to(role: str, name: str) -> bool:
    """Whether the role has this variable: what only the other one reads, it would refuse."""
    specs = yaml.safe_load((ROOT / "roles" / role / "meta/argument_specs.yml").read_text(encoding="utf-8"))
    return f"{role}_{name}" in specs["argument_specs"]["main"]["options"]


def test_the_cycle(control_plane: ControlPlane, run: Any, policies: Objects) -> None:
    """Each step is foretold by check mode, done once, and nothing is left to do the second time."""
    foretold = run(BOTH, "--check", "--diff")
    assert (foretold.ok, foretold.changed) == (True, 2), foretold.output
    assert names(control_plane, "/api/v1/namespaces").isdisjoint({SPACE})
    lacking = run(BOTH)
    assert (lacking.ok, lacking.changed) == (False, 1), lacking.output
    assert "does not know cilium.io/v2 CiliumNetworkPolicy, so install Cilium first" in joined(lacking)
    deployments = names(control_plane, DEPLOYMENTS)
    assert len(deployments) == 12
    with_cilium(control_plane)
    made = run("network_policies")
    assert (made.ok, made.changed) == (True, 1), made.output
    assert names(control_plane, CILIUM) == deployments | {"baseline", "default-deny"}
    for name, wanted in of_kind(policies, "CiliumNetworkPolicy").items():
        assert control_plane.request("GET", f"{CILIUM}/{name}")["spec"] == wanted["spec"], "the server pruned a field"
    again = run(BOTH)
    assert (again.ok, again.changed) == (True, 0), again.output
    caps_are_not_lifted_unsaid(control_plane, run)
    noise = {"spec": {"replicas": 3}}
    control_plane.request("PATCH", f"{DEPLOYMENTS}/noise-generator", noise)
    control_plane.request("PATCH", f"{CILIUM}/baseline", {"spec": {"ingress": []}})
    repaired = run(BOTH, default_deny=False)
    assert (repaired.ok, repaired.changed) == (True, 2), repaired.output
    assert control_plane.request("GET", f"{DEPLOYMENTS}/noise-generator")["spec"]["replicas"] == 0
    assert control_plane.request("GET", f"{CILIUM}/baseline")["spec"]["ingress"]
    assert run(BOTH, "--check", state="absent").changed == 2
    assert names(control_plane, DEPLOYMENTS) == deployments
    assert names(control_plane, CILIUM) == deployments | {"baseline"}
    removed = run(BOTH, state="absent")
    assert (removed.ok, removed.changed) == (True, 2), removed.output
    left = [names(control_plane, kind) for kind in (DEPLOYMENTS, SERVICES, CILIUM)]
    assert left == [set(), set(), set()]
    wait_for(lambda: not names(control_plane, PODS), what="the last pod is gone")
    emptied = run(BOTH, state="absent", remove_namespace=True)
    assert (emptied.ok, emptied.changed) == (True, 1), "the namespace is all that was left"
    assert SPACE not in names(control_plane, "/api/v1/namespaces")


def caps_are_not_lifted_unsaid(plane: ControlPlane, run: Any) -> None:
    """A rule of layer 7 for a capped pod is refused when it is ours, and told when it is somebody else's."""
    plane.request("POST", CILIUM, BYSTANDER | {"spec": {"endpointSelector": {}, "egress": [READS]}})
    told = run("network_policies")
    assert "bystander has rules of layer 7: what they read passes Cilium's proxy, and is not capped there" in joined(
        told
    )
    assert (told.ok, told.changed) == (True, 0)
    plane.request("DELETE", f"{CILIUM}/bystander")
    client = f"{DEPLOYMENTS}/http-traffic-generator"
    plane.request("PATCH", client, {"spec": {"replicas": 1}})
    wait_for(lambda: pods_of(plane, "http-traffic-generator"), what="a client runs")
    (pod,) = pods_of(plane, "http-traffic-generator")
    cap = {"kubernetes.io/egress-bandwidth": "10M"}
    plane.request("PATCH", f"{PODS}/{pod}", {"metadata": {"annotations": cap}})
    refused = run("network_policies")
    assert not refused.ok
    assert f"{pod} has a cap, and what a rule of layer 7 reads would pass it by" in joined(refused)
    assert run("network_policies", http_visibility=False).ok
    plane.request("PATCH", client, {"spec": {"replicas": 0}})


def pods_of(plane: ControlPlane, workload: str) -> list[str]:
    """The names of its pods."""
    return [name for name in names(plane, PODS) if name.startswith(f"{workload}-")]


def names(plane: ControlPlane, kind: str) -> set[str]:
    """The names of what is there of a kind, less what Kubernetes itself puts into every namespace."""
    return {one["metadata"]["name"] for one in plane.request("GET", kind)["items"]}


def joined(run: Run) -> str:
    """The output without the line breaks that YAML puts into long messages."""
    return " ".join(run.output.split())


def with_cilium(plane: ControlPlane) -> None:
    """Make the API server know Cilium's policies."""
    crds = "/apis/apiextensions.k8s.io/v1/customresourcedefinitions"
    plane.request("POST", crds, CRD)

    def established() -> bool:
        status = plane.request("GET", f"{crds}/ciliumnetworkpolicies.cilium.io").get("status", {})
        return any((one["type"], one["status"]) == ("Established", "True") for one in status.get("conditions") or [])

    wait_for(established, what="the policies are served")

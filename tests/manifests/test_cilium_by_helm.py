"""The role cilium by the real Helm on a real API server: foretold, installed, changed, upgraded, and taken away."""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from access.role import Run, play
from control_plane import ControlPlane
from control_plane.plane import running
from manifests.cilium_cluster import CRD, RESOURCE_TYPES, joined, node, take_over

HELM = shutil.which("helm", path=f"{Path(sys.executable).parent}:{os.environ['PATH']}") or "helm"
pytestmark = [
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        shutil.which(HELM) is None and os.environ.get("DETNET_TEST_ALL") != "1", reason="needs the program helm"
    ),
]

PLAY = "[{hosts: localhost, gather_facts: false, roles: [cilium]}]"
CHART = Path(__file__).with_name("cilium_chart")
SYSTEM = "/api/v1/namespaces/kube-system"
NODES = ("node-1", "node-2", "node-3")

Runner = Callable[..., Run]


@pytest.fixture(scope="module")
def plane(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A control plane of its own with three nodes that Cilium has come up on, as far as CiliumNodes tell."""
    request.getfixturevalue("control_plane")  # which skips without its programs
    with running(tmp_path_factory.mktemp("helm") / "plane") as plane:
        plane.request("POST", RESOURCE_TYPES, CRD)
        plane.request("POST", "/api/v1/namespaces/kube-public/configmaps", {"metadata": {"name": "cluster-info"}})
        for name in NODES:
            node(plane, name, "6.8.0-45-generic")
        take_over(plane)
        yield plane


@pytest.fixture
def run(plane: ControlPlane, tmp_path: Path) -> Runner:
    """Play the role with one of the two versions of our chart, fetched as an air-gapped user does."""

    def run(*options: str, version: str = "1.18.3", **variables: object) -> Run:
        packed = [HELM, "package", str(CHART), "--version", version, "--destination", str(tmp_path)]
        subprocess.run(packed, check=True, capture_output=True)
        chart = tmp_path / f"cilium-{version}.tgz"
        known = {
            "cilium_kubeconfig": str(plane.kubeconfig),
            "cilium_helm": HELM,
            "cilium_version": version,
            "cilium_chart_url": chart.as_uri(),
            "cilium_chart_checksum": "sha256:" + hashlib.sha256(chart.read_bytes()).hexdigest(),
            "cilium_cache": str(tmp_path / "cache"),
            "cilium_timeout_s": 60,
            "cilium_ask_agents": False,
        }
        return play(tmp_path, known | variables, *options, playbook=PLAY)

    return run


def test_the_cycle(plane: ControlPlane, run: Runner) -> None:
    """Each step is foretold, done once, and awaited; nothing is left to do the second time."""
    assert (changes(run("--check", "--diff")), releases(plane)) == (1, [])
    stuck = run(cilium_timeout_s=2)
    assert (stuck.ok, stuck.changed, releases(plane)) == (False, 1, [("cilium-1.18.3", "deployed")])
    assert "Cilium is not ready after 2 s: of 3 agents 0 are ready and 3 up to date, so look at" in joined(stuck)
    assert "hubble-relay-client-certs" in names(plane, "secrets"), "Helm waited for pods that wait for its hook"
    with plane.run_pods("kube-system", NODES):
        assert changes(run(cilium_bbr=True)) == 1
        assert helm(plane, "get", "values", "cilium")["bandwidthManager"] == {"enabled": True, "bbr": True}
        assert plane.request("GET", f"{SYSTEM}/configmaps/cilium-config")["data"]["enable-bbr"] == "true"
        assert [changes(run(version="1.20.0", cilium_bbr=True)) for _time in range(2)] == [1, 0]
        assert releases(plane) == [("cilium-1.20.0", "deployed")]
        assert agents(plane) == {"cilium:1.20.0"}, "it did not wait until each agent was replaced"
        assert [changes(run(cilium_state="absent")) for _time in range(2)] == [1, 0]
    assert (releases(plane), "cilium-config" in names(plane, "configmaps")) == ([], False)


def test_another_chart_than_the_one_that_was_looked_into_is_refused(plane: ControlPlane, run: Runner) -> None:
    """A file that has other bytes than its checksum says never gets to Helm."""
    refused = run(cilium_chart_checksum="sha256:" + 64 * "0")
    assert (refused.ok, refused.changed, releases(plane)) == (False, 0, [])
    assert f"No chart with sha256:{64 * '0'} from file:/" in joined(refused)


def test_what_helm_refuses_is_told_in_one_sentence(plane: ControlPlane, run: Runner) -> None:
    """A value of the user's that the chart's schema does not allow is named, and nothing is installed."""
    refused = run(cilium_values={"bandwidthManager": {"bbr": "perhaps"}})
    assert (refused.ok, refused.changed, releases(plane)) == (False, 0, [])
    assert "Helm has not installed Cilium 1.18.3: values don't meet the specifications of the schema" in joined(refused)
    assert "bandwidthManager.bbr: Invalid type. Expected: boolean, given: string" in joined(refused)


def changes(run: Run) -> int:
    """How many tasks changed something in a run that went well."""
    assert run.ok, run.output
    return run.changed


def helm(plane: ControlPlane, *arguments: str) -> Any:
    """What Helm itself answers."""
    where = [HELM, "--kubeconfig", str(plane.kubeconfig), "--namespace", "kube-system", "--output", "json"]
    return json.loads(subprocess.run([*where, *arguments], check=True, capture_output=True).stdout)


def releases(plane: ControlPlane) -> list[tuple[str, str]]:
    """The chart and state of each release, whatever its state."""
    return [(one["chart"], one["status"]) for one in helm(plane, "list", "--all")]


def names(plane: ControlPlane, kind: str) -> set[str]:
    """The names of what is there of a kind."""
    return {one["metadata"]["name"] for one in plane.request("GET", f"{SYSTEM}/{kind}")["items"]}


def agents(plane: ControlPlane) -> set[str]:
    """The images that the agents run."""
    return {one["spec"]["containers"][0]["image"] for one in plane.request("GET", f"{SYSTEM}/pods")["items"]}

"""The probe's pods on a real API server: foretold, made once, moved with the paths, and taken away."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from access.role import Run, play
from control_plane import ControlPlane

pytestmark = pytest.mark.timeout(1800)

SPACE = "cycle-probe"
DEPLOYMENTS = f"/apis/apps/v1/namespaces/{SPACE}/deployments"
PATHS = [{"name": "robot-control", "from": "worker1", "to": "worker2"}]
BACK = [{"name": "robot-control", "from": "worker2", "to": "worker1"}]


@pytest.fixture
def run(control_plane: ControlPlane, tmp_path: Path) -> Any:
    """Play the role."""

    def run(*options: str, **variables: object) -> Run:
        known = {"kubeconfig": str(control_plane.kubeconfig), "namespace": SPACE, "wait": False, "paths": PATHS}
        given = {f"probe_{name}": value for name, value in (known | variables).items()}
        return play(tmp_path, given, *options, playbook="[{hosts: localhost, gather_facts: false, roles: [probe]}]")

    return run


def test_the_cycle(control_plane: ControlPlane, run: Any) -> None:
    """Each step is foretold by check mode, done once, and nothing is left to do the second time."""
    foretold = run("--check", "--diff")
    assert (foretold.ok, foretold.changed) == (True, 1), foretold.output
    made = run()
    assert (made.ok, made.changed) == (True, 1), made.output
    assert deployments(control_plane) == {"detnet-prober-worker1", "detnet-reflector-worker2"}
    assert run().changed == 0
    assert run(paths=BACK).ok
    assert deployments(control_plane) == {"detnet-prober-worker2", "detnet-reflector-worker1"}
    assert run("--check", state="absent").changed == 1
    assert run(state="absent", remove_namespace=True).ok
    assert deployments(control_plane) == set()
    assert run(state="absent").changed == 0


def deployments(plane: ControlPlane) -> set[str]:
    """The names of the Deployments in the namespace."""
    return {one["metadata"]["name"] for one in plane.request("GET", DEPLOYMENTS)["items"]}

"""Both roles rendered once for a run, with their defaults and with everything that can be asked for."""

from __future__ import annotations

import pytest

from access.role import ROOT
from control_plane.fixtures import control_plane, namespace
from manifests.rendered import Objects, render

__all__ = ["control_plane", "factory", "factory_with_all", "namespace", "policies"]


@pytest.fixture(autouse=True)
def collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a role find the roles that it depends on, which belong to this collection."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache/collections"))


GENERATORS = ["http-traffic-generator", "robot-control-generator", "safety-scanner-generator", "noise-generator"]


@pytest.fixture(scope="session")
def factory(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """The factory by default."""
    return render(tmp_path_factory.mktemp("factory"), "robot_factory")


@pytest.fixture(scope="session")
def factory_with_all(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """The factory when everything that can be asked for is."""
    return render(
        tmp_path_factory.mktemp("factory-with-all"),
        "robot_factory",
        robot_factory_traffic=GENERATORS,
        robot_factory_critical_priority="guaranteed",
        robot_factory_initial_cap="1000M",
        robot_factory_placement="required",
        robot_factory_registry="registry.example.org:5000/mirror",
        robot_factory_cell_nodes={"kubernetes.io/hostname": "worker1"},
    )


@pytest.fixture(scope="session")
def policies(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """The policies by default, which is all of them."""
    return render(tmp_path_factory.mktemp("policies"), "network_policies")

"""The role's objects, rendered once for a run, and the role applied once to a real API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from access.granted import Granted, grant
from access.role import render
from control_plane import ControlPlane
from control_plane.fixtures import control_plane, namespace
from detnet.kubernetes.client.api import Api, ClusterAccess, connect

__all__ = ["api", "control_plane", "generous", "granted", "namespace", "strict"]

Objects = list[dict[str, Any]]


@pytest.fixture(scope="session")
def strict(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """What the role applies by default."""
    return render(tmp_path_factory.mktemp("strict"))


@pytest.fixture(scope="session")
def generous(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """What it applies when everything that can be allowed is, and critical pods are guarded from everybody."""
    return render(
        tmp_path_factory.mktemp("generous"),
        controller_access_templates=True,
        controller_access_priorities=["guaranteed", "bestEffort"],
        controller_access_critical="everybody",
        controller_access_watched_namespaces=["cell"],
    )


@pytest.fixture(scope="session")
def granted(control_plane: ControlPlane, tmp_path_factory: pytest.TempPathFactory) -> Granted:
    """The role's defaults on a real API server, and the controller's own token."""
    return grant(control_plane, tmp_path_factory.mktemp("granted"))


@pytest.fixture(scope="session")
def api(granted: Granted) -> Iterator[Api]:
    """The controller's own client, as the controller."""
    api = connect(ClusterAccess(granted.kubeconfig))
    yield api
    api.close()


Connect = Callable[[Path], Api]

"""The real API server, workloads on it, and a client."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control_plane import ControlPlane
from control_plane.fixtures import control_plane, namespace
from detnet.kubernetes.client.api import Api, ClusterAccess, connect
from kubernetes_events.workloads import Workloads

__all__ = ["api", "connected", "control_plane", "namespace", "workloads"]


@pytest.fixture
def connected() -> Iterator[Callable[[Path], Api]]:
    """Connect with a kubeconfig."""
    apis: list[Api] = []

    def to(kubeconfig: Path) -> Api:
        apis.append(connect(ClusterAccess(kubeconfig)))
        return apis[-1]

    yield to
    for api in apis:
        api.close()


@pytest.fixture
def api(control_plane: ControlPlane, connected: Callable[[Path], Api]) -> Api:
    """A client with all rights."""
    return connected(control_plane.kubeconfig)


@pytest.fixture
def workloads(control_plane: ControlPlane, namespace: str) -> Workloads:
    """The test's own namespace."""
    return Workloads(control_plane, namespace)

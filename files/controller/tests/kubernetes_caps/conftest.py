"""The real API server, a client of it and a namespace to use."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from control_plane import ControlPlane
from control_plane.fixtures import control_plane, namespace
from detnet.kubernetes.client.api import Api, ClusterAccess, connect
from kubernetes_caps.site import Site

__all__ = ["api", "control_plane", "namespace", "site"]


@pytest.fixture
def api(control_plane: ControlPlane) -> Iterator[Api]:
    """A client with all rights."""
    api = connect(ClusterAccess(control_plane.kubeconfig))
    yield api
    api.close()


@pytest.fixture
def site(control_plane: ControlPlane, namespace: str) -> Site:
    """The test's own namespace."""
    return Site(control_plane, namespace)

"""Loopback servers for answers that no real API server gives, and the real control plane for all others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from control_plane import ControlPlane, FaultProxy
from control_plane.fixtures import control_plane, namespace
from detnet.kubernetes.client.api import Api, ClusterAccess, connect
from kubernetes_client.api_server import ApiServer, kubeconfig, running
from sources.servers import FaultyServer

__all__ = ["api", "control_plane", "faulty", "namespace", "server"]


@pytest.fixture
def server() -> Iterator[ApiServer]:
    """A server that answers as the test wants."""
    with running() as server:
        yield server


@pytest.fixture
def faulty() -> Iterator[FaultyServer]:
    """A server whose bytes the test decides."""
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture
def connected(tmp_path: Path) -> Iterator[Callable[..., Api]]:
    """Connect to a URL, with no credentials."""
    apis: list[Api] = []

    def to(url: str) -> Api:
        apis.append(connect(ClusterAccess(kubeconfig(tmp_path / "kubeconfig", url))))
        return apis[-1]

    yield to
    for api in apis:
        api.close()


@pytest.fixture
def api(server: ApiServer, connected: Callable[..., Api]) -> Api:
    """The client of ``server``."""
    return connected(server.url)


@pytest.fixture
def real(control_plane: ControlPlane) -> Api:
    """The API server itself."""
    return connect(ClusterAccess(control_plane.kubeconfig))


@pytest.fixture
def proxy(control_plane: ControlPlane) -> Iterator[FaultProxy]:
    """A way to the API server that can be spoilt."""
    with control_plane.proxy() as proxy:
        yield proxy

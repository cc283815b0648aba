"""Controllers on the real API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from cluster_controller.replica import Measured, Replica, service_account
from control_plane import ControlPlane
from control_plane.fixtures import control_plane, namespace
from kubernetes_caps.site import Site

__all__ = ["control_plane", "namespace"]

Start = Callable[..., Replica]


@pytest.fixture
def entered() -> Iterator[ExitStack]:
    """What a test starts ends with it."""
    with ExitStack() as stack:
        yield stack


@pytest.fixture
def site(control_plane: ControlPlane, namespace: str, entered: ExitStack) -> Site:
    """Two nodes: a robot on the first, and best effort on both."""
    site = Site(control_plane, namespace)
    entered.enter_context(control_plane.run_pods(namespace, ("node-1", "node-2")))
    site.workload("robot-control", 1, role="critical")
    site.wait_running("robot-control", 1)
    site.workload("telemetry-upload", 4)
    site.wait_running("telemetry-upload", 4)
    return site


@pytest.fixture
def measured(entered: ExitStack) -> Measured:
    """The path of robot-control, measured."""
    return Measured(entered)


@pytest.fixture
def start(control_plane: ControlPlane, site: Site, measured: Measured, entered: ExitStack, tmp_path: Path) -> Start:
    """Start a replica with a service account of its own, so that the audit log tells the replicas apart."""

    def started(name: str, kubeconfig: Path | None = None) -> Replica:
        kubeconfig = kubeconfig or service_account(control_plane, site.namespace, name)
        return Replica(entered, tmp_path, name, kubeconfig, site.namespace, measured)

    return started

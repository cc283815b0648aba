"""The collection as Ansible finds it, and a real cluster with one of each kind of workload to try it on."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from control_plane.fixtures import control_plane, namespace
from control_plane.plane import ControlPlane
from modules.running import Collection, Module
from modules.workloads import Workloads

__all__ = ["control_plane", "namespace"]


@pytest.fixture(scope="session")
def collection(tmp_path_factory: pytest.TempPathFactory) -> Collection:
    """The checkout under the path at which a collection must be found."""
    path = tmp_path_factory.mktemp("collections")
    (path / "ansible_collections/detnet").mkdir(parents=True)
    (path / "ansible_collections/detnet/qos").symlink_to(Path(__file__).parents[2])
    return Collection(path)


@pytest.fixture
def workloads(control_plane: ControlPlane, namespace: str) -> Iterator[Workloads]:
    """A namespace of the test's own, whose pods come to run."""
    with control_plane.run_pods(namespace):
        yield Workloads(control_plane, namespace)


@pytest.fixture
def bandwidth(collection: Collection, workloads: Workloads) -> Module:
    """The module on the test's namespace."""
    place = {"namespace": workloads.namespace, "kubeconfig": str(workloads.plane.kubeconfig)}
    return partial(collection.module, "bandwidth", **place)


@pytest.fixture
def bandwidth_info(collection: Collection, workloads: Workloads) -> Module:
    """The module that only looks, on the test's namespace."""
    place = {"namespace": workloads.namespace, "kubeconfig": str(workloads.plane.kubeconfig)}
    return partial(collection.module, "bandwidth_info", **place)

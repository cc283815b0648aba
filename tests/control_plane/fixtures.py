"""Import these in a conftest.py: ``from control_plane.fixtures import control_plane, namespace``."""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterator

import pytest

from control_plane.binaries import MissingBinariesError, find
from control_plane.plane import ControlPlane, running

_numbers = itertools.count(1)


@pytest.fixture(scope="session")
def control_plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """One control plane for the whole run; skipped without its programs, which ``DETNET_TEST_ALL=1`` forbids."""
    try:
        find()
    except MissingBinariesError as error:
        if os.environ.get("DETNET_TEST_ALL") == "1":
            pytest.fail(f"{error}, and DETNET_TEST_ALL=1 forbids skipping", pytrace=False)
        pytest.skip(str(error))
    with running(tmp_path_factory.mktemp("control-plane")) as plane:
        yield plane


@pytest.fixture
def namespace(control_plane: ControlPlane) -> Iterator[str]:
    """A namespace of the test's own that admits pods; deleted with all pods afterwards."""
    name = f"test-{next(_numbers)}"
    control_plane.create_namespace(name)
    yield name
    control_plane.delete_namespace(name)

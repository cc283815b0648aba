"""The role's objects, rendered once for a run."""

from __future__ import annotations

from typing import Any

import pytest

from access.role import render

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

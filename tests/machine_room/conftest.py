"""The markers of these tests; the reasons are those of files/controller/tests/conftest.py."""

from __future__ import annotations

import os

import pytest


def pytest_configure(config: pytest.Config) -> None:
    """Register our marker."""
    config.addinivalue_line("markers", "root: needs root (network namespaces, mounts, cgroups)")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what needs root, which ``DETNET_TEST_ALL=1`` forbids."""
    if item.get_closest_marker("root") and os.geteuid() != 0:
        if os.environ.get("DETNET_TEST_ALL") == "1":
            pytest.fail("needs root, and DETNET_TEST_ALL=1 forbids skipping", pytrace=False)
        pytest.skip("needs root")

"""Tests that need a privilege or a Debian tool are skipped with one clear line, never silently passed."""

from __future__ import annotations

import os
import shutil

import pytest
from hypothesis import HealthCheck, settings

# How long an example takes tells of the machine, and not of the code (speed belongs in benchmarks/).
settings.register_profile("any-machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any-machine")


def pytest_configure(config: pytest.Config) -> None:
    """Register our markers."""
    config.addinivalue_line("markers", "root: needs root (network namespaces, qdiscs, real-time priority)")
    config.addinivalue_line("markers", "needs(program): needs a program of that name on PATH")
    config.addinivalue_line("markers", "replay(kind): what users bring, case by case (make replay)")


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip what this machine cannot run; ``DETNET_TEST_ALL=1`` (make test as root) turns a skip into a failure."""
    missing = [f"the program {m.args[0]}" for m in item.iter_markers("needs") if shutil.which(m.args[0]) is None]
    if item.get_closest_marker("root") and os.geteuid() != 0:
        missing.append("root")
    if not missing:
        return
    message = f"needs {' and '.join(missing)}"
    if os.environ.get("DETNET_TEST_ALL") == "1":
        pytest.fail(f"{message}, and DETNET_TEST_ALL=1 forbids skipping", pytrace=False)
    pytest.skip(message)

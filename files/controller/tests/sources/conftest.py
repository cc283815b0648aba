"""A faulty HTTP server, and a real Prometheus that scrapes an exporter of ours."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from sources.prometheus_server import Exporter, RunningPrometheus, running_prometheus
from sources.servers import FaultyServer


@pytest.fixture
def server() -> Iterator[FaultyServer]:
    """A loopback HTTP server that a test makes misbehave."""
    server = FaultyServer()
    yield server
    server.close()


@pytest.fixture(scope="session")
def _scraping(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningPrometheus]:
    with running_prometheus(tmp_path_factory.mktemp("prometheus")) as prometheus:
        yield prometheus


@pytest.fixture
def prometheus(_scraping: RunningPrometheus) -> Iterator[RunningPrometheus]:
    """The one Prometheus of this run, with an exporter that shows nothing yet."""
    yield _scraping
    _scraping.exporter.reset()


@pytest.fixture
def exporter(prometheus: RunningPrometheus) -> Exporter:
    """What that Prometheus scrapes."""
    return prometheus.exporter


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    """A file with a secret."""
    path = tmp_path / "token"
    path.write_text("s3cr3t-one\n")
    return path

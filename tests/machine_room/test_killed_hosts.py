"""What a killed host leaves, in the machine's own cgroup hierarchies too."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from systemd_hosts import cgroups, host
from systemd_hosts.places import HostError


@pytest.fixture
def name() -> Iterator[str]:
    """A host's name that no other run has; its cgroups are gone afterwards."""
    name = f"cgroups-{os.getpid()}"
    yield name
    cgroups.remove(name)


@pytest.mark.root
@pytest.mark.skipif(not cgroups.needed(), reason="systemd gives hosts their cgroups here")
def test_what_a_killed_host_left_is_no_obstacle(name: str) -> None:
    """A run that was killed cannot clean up, and nobody would know which folders to remove."""
    cgroups.make(name)
    before = _folders(name)
    (before[0] / "system.slice").mkdir()
    cgroups.make(name)
    assert _folders(name) == before
    assert not (before[0] / "system.slice").exists()


@pytest.mark.root
@pytest.mark.skipif(not cgroups.needed(), reason="systemd gives hosts their cgroups here")
def test_a_running_host_keeps_its_cgroups(name: str) -> None:
    """And the error names the process to end."""
    cgroups.make(name)
    with subprocess.Popen(["sleep", "60"]) as running:
        (_folders(name)[0] / "cgroup.procs").write_text(str(running.pid))
        with pytest.raises(HostError, match=f"runs already: process {running.pid} is in"):
            cgroups.make(name)
        running.kill()


def test_what_a_killed_stop_left_is_removed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its description goes with the other files, in any order; the next start of that name must not end on it."""
    monkeypatch.setattr(host, "RUN", tmp_path)
    (tmp_path / "killed" / "changes").mkdir(parents=True)
    host.stop("killed")
    assert list(tmp_path.iterdir()) == []


def _folders(name: str) -> list[Path]:
    return sorted(Path("/sys/fs/cgroup").glob(f"*/systemd-hosts/{name}"))

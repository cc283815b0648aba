"""The controller needs no library for a cluster, and no time for one where none is asked."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from kubernetes_client.api_server import ApiServer, kubeconfig

_BLOCKED = """
import sys
sys.modules["kubernetes"] = sys.modules["urllib3"] = None
from pathlib import Path
from detnet.kubernetes.client.api import ClusterAccess, connect
print(connect(ClusterAccess(Path(sys.argv[1]))).request("GET", "/version"))
"""


def _run(code: str, *arguments: str | Path) -> str:
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.mark.parametrize("name", ["http.client", "ssl", "yaml"])
def test_nothing_is_loaded_before_connecting(name: str) -> None:
    """Commands that need no cluster stay fast."""
    modules = ", ".join(f"detnet.kubernetes.client.{each}" for each in ("api", "leader_election"))
    assert _run(f"import sys, {modules}; print({name!r} in sys.modules)") == "False"


def test_a_cluster_is_asked_without_the_kubernetes_package(server: ApiServer, tmp_path: Path) -> None:
    """Nor without urllib3, which it brought."""
    assert _run(_BLOCKED, kubeconfig(tmp_path / "kubeconfig", server.url)) == "{}"

"""The Kubernetes client is an extra, and heavy: who needs no cluster neither needs nor loads it."""

from __future__ import annotations

import subprocess
import sys

_CONNECT = """
import sys
from detnet.model.errors import UserError
from detnet.kubernetes.client.api import ClusterAccess, connect
sys.modules[{missing!r}] = None
try:
    connect(ClusterAccess())
except UserError as error:
    print(error)
except ImportError as error:
    print("bug:", error.name)
"""


def _run(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.strip()


def test_nothing_is_loaded_before_connecting() -> None:
    """Its import costs 0.66 s of CPU and 49 MB."""
    modules = ", ".join(f"detnet.kubernetes.client.{name}" for name in ("api", "informer", "leader_election"))
    assert _run(f"import sys, {modules}; print('kubernetes' in sys.modules)") == "False"


def test_a_client_that_is_not_installed_is_reported() -> None:
    """With what to do about it."""
    assert (
        _run(_CONNECT.format(missing="kubernetes"))
        == "the Kubernetes client is not installed: pip install 'detnet-qos[kubernetes]'"
    )


def test_a_bug_of_ours_is_not_taken_for_a_client_that_is_missing() -> None:
    """Any other import that fails keeps its traceback."""
    assert (
        _run(_CONNECT.format(missing="detnet.kubernetes.client.watch_stream"))
        == "bug: detnet.kubernetes.client.watch_stream"
    )

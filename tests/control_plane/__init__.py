"""The real Kubernetes control plane that tests run against; docs/contributing/testing.md explains it."""

from __future__ import annotations

from control_plane.binaries import Binaries, MissingBinariesError, find
from control_plane.client import Client, RefusedError
from control_plane.plane import ControlPlane, running
from control_plane.pods import PodRunner
from control_plane.proxy import FaultProxy

__all__ = [
    "Binaries", "Client", "ControlPlane", "FaultProxy", "MissingBinariesError", "PodRunner", "RefusedError", "find",
    "running",
]  # fmt: skip

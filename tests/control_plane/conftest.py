"""The control plane, for the tests of itself."""

from __future__ import annotations

from control_plane.fixtures import control_plane, namespace

__all__ = ["control_plane", "namespace"]

"""The real API server, shared by all tests of this folder."""

from __future__ import annotations

from control_plane.fixtures import control_plane, namespace

__all__ = ["control_plane", "namespace"]

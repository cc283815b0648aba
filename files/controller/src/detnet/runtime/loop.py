"""The loop that runs: one bottleneck's, or one for each node of a cluster."""

from __future__ import annotations

from detnet.config.models import Settings
from detnet.runtime.build import build_parts, check
from detnet.runtime.cluster_controller import ClusterController, ClusterRecorder
from detnet.runtime.control_loop import ControlLoop, Memory


def build_loop(
    settings: Settings, recorder: ClusterRecorder, memory: Memory | None = None
) -> ControlLoop | ClusterController:
    """Return the loop that the settings describe, not started: one bottleneck, or a cluster's.

    Raises:
        ConfigError: something named in the settings cannot be built.
    """
    check(settings)
    if settings.actuator.kind == "kubernetes":
        from detnet.runtime.build_kubernetes import build_site  # noqa: PLC0415 - the Kubernetes client only when chosen

        return ClusterController(build_site(settings, recorder, memory))
    return ControlLoop(build_parts(settings, recorder, memory))


def rebuild(loop: ControlLoop | ClusterController, settings: Settings, recorder: ClusterRecorder) -> None:
    """Put new settings in force in a running loop; what cannot be built leaves it as it is.

    Raises:
        ConfigError: something named in the settings cannot be built.
    """
    check(settings)
    if isinstance(loop, ClusterController):
        from detnet.runtime.build_kubernetes import rebuild_site  # noqa: PLC0415

        rebuild_site(loop, settings)
        return
    old, parts = loop.parts, build_parts(settings, recorder, loop.parts.memory)
    loop.replace(parts)
    old.close()
    parts.start()

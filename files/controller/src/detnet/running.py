"""The loop that runs: one bottleneck's, or one for each node of a cluster."""

from __future__ import annotations

from detnet.daemon import Daemon, Memory
from detnet.fleet import Fleet, FleetRecorder
from detnet.settings.models import Settings
from detnet.wiring import build_parts, check


def build_loop(settings: Settings, recorder: FleetRecorder, memory: Memory | None = None) -> Daemon | Fleet:
    """Return the loop that the settings describe, not started: one bottleneck, or a cluster's.

    Raises:
        ConfigError: something named in the settings cannot be built.
    """
    check(settings)
    if settings.actuator.kind == "kubernetes":
        from detnet.wiring_kubernetes import build_site  # noqa: PLC0415 - the Kubernetes client only when chosen

        return Fleet(build_site(settings, recorder, memory))
    return Daemon(build_parts(settings, recorder, memory))


def rebuild(loop: Daemon | Fleet, settings: Settings, recorder: FleetRecorder) -> None:
    """Put new settings in force in a running loop; what cannot be built leaves it as it is.

    Raises:
        ConfigError: something named in the settings cannot be built.
    """
    check(settings)
    if isinstance(loop, Fleet):
        from detnet.wiring_kubernetes import rebuild_site  # noqa: PLC0415

        rebuild_site(loop, settings)
        return
    old, parts = loop.parts, build_parts(settings, recorder, loop.parts.memory)
    loop.replace(parts)
    old.close()
    parts.start()

"""The API server or its storage goes away while an objective is breached: the cut is made when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from cluster_controller.conftest import Start
from cluster_controller.replica import LEASE_S, Measured
from control_plane import ControlPlane
from kubernetes_caps.site import Site
from support import wait_for

Turn = Callable[[ControlPlane], None]
OUTAGES = {
    "api server": (ControlPlane.stop_api, ControlPlane.start_api),
    "etcd": (ControlPlane.stop_etcd, ControlPlane.start_etcd),
}


@pytest.mark.parametrize(("off", "on"), OUTAGES.values(), ids=OUTAGES)
def test_a_cut_that_fell_into_an_outage_is_made_within_seconds_of_its_end(  # noqa: PLR0913, PLR0917 - its fixtures
    control_plane: ControlPlane, site: Site, start: Start, measured: Measured, off: Turn, on: Turn
) -> None:
    """Longer than the lease, so that the leader must find itself again; meanwhile the loop lives and says why."""
    replica = start("first")
    replica.wait_ready("leading")
    wait_for(lambda: any(site.caps("telemetry-upload")), what="caps before the outage", within_s=20.0)
    off(control_plane)
    try:
        measured.lose_everything()
        gone_s = time.monotonic()
        wait_for(lambda: not replica.leads(), what="it stops leading by itself", within_s=20.0)
        wait_for(lambda: time.monotonic() - gone_s > 2 * LEASE_S, what="the outage lasts", within_s=30.0)
        assert replica.get("/healthz")[0] == 200
        assert "lease" in replica.log()
    finally:
        on(control_plane)
    wait_for(lambda: "1M" in site.caps("telemetry-upload"), what="the cut is made")
    replica.wait_ready("leading")

"""The API server or its storage goes away while an objective is breached: the cut is made when it is back."""

from __future__ import annotations

import time
from collections.abc import Callable
from http.client import HTTPException

import pytest

from cluster_controller.conftest import Start
from cluster_controller.replica import LEASE_S, Measured
from control_plane import ControlPlane
from control_plane.client import RefusedError
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
    wait_for(lambda: writes(control_plane, site), what="the server writes again", within_s=60.0)
    # 5 s to write what is due, on top of the time that an election may take.
    wait_for(lambda: "1M" in site.caps("telemetry-upload"), what="the cut is made", within_s=5.0 + LEASE_S)
    replica.wait_ready("leading")


def writes(plane: ControlPlane, site: Site) -> bool:
    """Whether the API server stores what it is sent: a busy machine needs seconds for it after its storage is back."""
    try:
        plane.request("PATCH", f"/api/v1/namespaces/{site.namespace}", {"metadata": {"labels": {"outage": "over"}}})
    except (OSError, HTTPException, RefusedError):
        return False
    return True

"""Two controllers on one cluster: whatever happens to the leader, the other takes over and never do both write."""

from __future__ import annotations

import signal
import time
from collections.abc import Callable

import pytest

from cluster_controller.conftest import Start
from cluster_controller.replica import LEASE_S, Measured, Replica, service_account, writes
from control_plane import ControlPlane
from detnet.model.rate import Rate
from kubernetes_caps.site import M, Site
from support import wait_for

Fault = Callable[[Replica], None]
# How long nobody may lead after a leader's silent end: the lease, and two seconds to look and to begin.
TAKE_OVER_S = LEASE_S + 2.0


def one_after_the_other(plane: ControlPlane, namespace: str) -> list[str]:
    """Return the users who wrote to pods, in order; with two writers at once a name would come back."""
    users = [user.rpartition(":")[2] for _time, user, _pod in writes(plane, namespace)]
    return [user for before, user in zip([None, *users], users, strict=False) if user != before]


def leading_pair(start: Start) -> tuple[Replica, Replica]:
    """Return a leader and one that stands by."""
    first = start("first")
    first.wait_ready("leading")
    second = start("second")
    second.wait_ready("standing by: first leads")
    return first, second


def kill(replica: Replica) -> None:
    """End a process without warning."""
    replica.process.kill()


def pause(replica: Replica) -> None:
    """Stop a process where it stands."""
    replica.process.send_signal(signal.SIGSTOP)


@pytest.mark.parametrize("fault", [kill, pause])
def test_a_leader_that_falls_silent_is_replaced_and_a_due_cut_comes_first(
    control_plane: ControlPlane, site: Site, start: Start, measured: Measured, fault: Fault
) -> None:
    """Within the lease's duration and two seconds; one that wakes up again writes nothing more."""
    first, second = leading_pair(start)
    wait_for(lambda: any(site.caps("telemetry-upload")), what="caps of the first leader")
    fault(first)
    silent_s = time.monotonic()
    measured.lose_everything()
    wait_for(second.leads, what="the second leads", within_s=3 * TAKE_OVER_S)
    taken_s = time.monotonic() - silent_s
    wait_for(lambda: "1M" in site.caps("telemetry-upload"), what=f"the cut is made: {second.log()}", within_s=20.0)
    written = [entry for entry in second.decisions() if entry["written"]]
    assert written[0]["mode"] == "breach"
    assert taken_s <= TAKE_OVER_S
    if fault is pause:
        first.process.send_signal(signal.SIGCONT)
        first.wait_ready("standing by: second leads")
    assert one_after_the_other(control_plane, site.namespace) == ["first", "second"]


def test_a_leader_without_the_api_server_steps_down_by_itself(
    control_plane: ControlPlane, site: Site, start: Start, measured: Measured
) -> None:
    """Its requests hang; when they get through again, it is a follower and has written nothing meanwhile."""
    with control_plane.proxy(service_account(control_plane, site.namespace, "first")) as proxy:
        first = start("first", proxy.kubeconfig)
        first.wait_ready("leading")
        second = start("second")
        second.wait_ready("standing by: first leads")
        wait_for(lambda: any(site.caps("telemetry-upload")), what="caps of the first leader")
        proxy.hang()
        proxy.cut_streams()
        measured.lose_everything()
        wait_for(second.leads, what="the second leads", within_s=3 * TAKE_OVER_S)
        assert not first.leads()
        wait_for(lambda: "1M" in site.caps("telemetry-upload"), what=f"the cut is made: {second.log()}", within_s=20.0)
        proxy.heal()
        first.wait_ready("standing by: second leads")
    assert one_after_the_other(control_plane, site.namespace) == ["first", "second"]


def test_a_leader_that_is_asked_to_stop_hands_over_without_a_jump(
    control_plane: ControlPlane, site: Site, start: Start, measured: Measured
) -> None:
    """The lease is given back, and the next leader begins from the caps that it finds."""
    first, second = leading_pair(start)
    measured.lose_everything()
    least = {"1M", None}
    wait_for(lambda: set(site.caps("telemetry-upload")) == least, what="the cut to the least", within_s=30.0)
    measured.lose_nothing()
    first.process.terminate()
    assert first.process.wait(timeout=15) == 0
    left_bps = sum(Rate.parse(cap).bps for cap in site.caps("telemetry-upload") if cap)
    assert left_bps < 50 * M, "without caps to begin from it would be the maximum of 100M"
    wait_for(second.leads, what="the second leads", within_s=LEASE_S)

    def led() -> list[dict[str, object]]:
        return [entry for entry in second.decisions() if entry["blocked_reason"] is None]

    wait_for(led, what="its first decision as the leader")
    assert led()[0]["cap_before_bps"] == left_bps
    assert one_after_the_other(control_plane, site.namespace)[:1] == ["first"]

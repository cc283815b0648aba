"""One controller on a cluster: shares on running pods, cuts where they belong, and nothing else touched."""

from __future__ import annotations

import re
import signal
import subprocess

from cluster_controller.conftest import Start
from cluster_controller.replica import DETNET, Measured
from control_plane import ControlPlane
from detnet.model.annotations import STATUS
from kubernetes_caps.site import Site
from support import wait_for


def test_pods_get_their_share_and_lose_it_again(site: Site, start: Start) -> None:
    """On the node of the robot; new pods within 2 s of Running; no ReplicaSet is made; release leaves no trace."""
    before, sets = site.pods(), site.replica_sets()
    replica = start("first")
    replica.wait_ready("leading")
    beside = [pod for pod in site.pods("telemetry-upload") if pod["spec"]["nodeName"] == robot_node(site)]
    wait_for(lambda: capped_on(site, robot_node(site)) == len(beside), what=f"caps beside the robot: {replica.log()}")
    assert capped_on(site, other_node(site)) == 0

    site.scale("telemetry-upload", 8)
    site.wait_running("telemetry-upload", 8)
    wait_for(lambda: capped_on(site, robot_node(site)) == 4, what="new pods have caps", within_s=2.0)
    assert site.replica_sets() == sets

    wait_for(lambda: STATUS in annotations(site), what="the status is written", within_s=20.0)
    replica.process.terminate()
    assert replica.process.wait(timeout=15) == 0
    released = subprocess.run(
        [*DETNET, "release", "-c", str(replica.config)], capture_output=True, text=True, check=True, timeout=60
    )
    assert re.match(r"the cluster is context \S+ at https://127\.0\.0\.1:\d+ \(the kubeconfig .*\)\n", released.stdout)
    assert "4 pods" in released.stdout
    assert all(cap is None for cap in site.caps())
    assert all(pod["metadata"].get("annotations") is None for pod in [*before, *site.pods()])
    assert annotations(site).keys() == {"deployment.kubernetes.io/revision"}


def test_a_breach_cuts_the_pods_beside_the_robot_at_once(
    control_plane: ControlPlane, site: Site, start: Start, measured: Measured
) -> None:
    """And leaves those on the other node alone; kubectl shows why."""
    replica = start("first")
    replica.wait_ready("leading")
    node = robot_node(site)
    wait_for(lambda: capped_on(site, node) == 2, what="caps beside the robot")
    measured.lose_everything()
    wait_for(lambda: set(caps_on(site, node)) == {"1M"}, what=f"cuts to the least: {replica.log()}", within_s=30.0)
    assert set(caps_on(site, other_node(site))) == {None}
    cuts = [entry for entry in replica.decisions() if entry["mode"] == "breach"]
    assert {entry["domain"] for entry in cuts} == {node}
    metrics = replica.get("/metrics")[1]
    assert f'detnet_budget_bits_per_second{{domain="{node}"}}' in metrics
    assert "detnet_leader 1.0" in metrics

    def described() -> str:
        return kubectl(control_plane, site, "describe", "deployment", "telemetry-upload")

    wait_for(lambda: "Throttled" in described(), what="the Event is written", within_s=20.0)
    wait_for(lambda: "qos.detnet.io/status" in described(), what="the status is written", within_s=20.0)
    assert "robot-control" in described()
    assert not any("restartedAt" in line or "egress" in line for line in described().splitlines())


def test_a_reload_puts_new_objectives_in_force_and_keeps_the_lease(site: Site, start: Start) -> None:
    """An objective that no path can meet cuts what the old one left alone; the leader goes on leading."""
    replica = start("first")
    replica.wait_ready("leading")
    wait_for(lambda: capped_on(site, robot_node(site)) == 2, what="caps beside the robot")
    text = replica.config.read_text(encoding="utf-8")
    replica.config.write_text(text.replace('"loss": "20%"', '"latency": "1us"'), encoding="utf-8")
    replica.process.send_signal(signal.SIGHUP)
    wait_for(lambda: set(caps_on(site, robot_node(site))) == {"1M"}, what="cuts to the least", within_s=30.0)
    assert replica.leads()


def annotations(site: Site) -> dict[str, str]:
    """Return the annotations of the best-effort workload."""
    return dict(site.get("Deployment", "telemetry-upload")["metadata"].get("annotations", {}))


def kubectl(plane: ControlPlane, site: Site, *arguments: str) -> str:
    """Ask as a person would."""
    return subprocess.run(
        [plane.kubectl, "--kubeconfig", str(plane.kubeconfig), "-n", site.namespace, *arguments],
        capture_output=True,
        text=True,
        check=True,
        timeout=30,
    ).stdout


def robot_node(site: Site) -> str:
    """Return the node of the robot."""
    return str(site.pods("robot-control")[0]["spec"]["nodeName"])


def other_node(site: Site) -> str:
    """Return the other one."""
    return "node-2" if robot_node(site) == "node-1" else "node-1"


def caps_on(site: Site, node: str) -> list[str | None]:
    """Return the caps of best effort's pods on a node."""
    pods = [pod for pod in site.pods("telemetry-upload") if pod["spec"]["nodeName"] == node]
    return [pod["metadata"].get("annotations", {}).get("kubernetes.io/egress-bandwidth") for pod in pods]


def capped_on(site: Site, node: str) -> int:
    """Return how many of them have a cap."""
    return sum(cap is not None for cap in caps_on(site, node))

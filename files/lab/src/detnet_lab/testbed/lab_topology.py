"""Who lives where in the lab, and the link between: nodes, addresses, ports and the bottleneck, as plain data.

Three Kubernetes nodes hang on one switch. node1 is the control plane and the network namespace of the lab process
itself; node2 holds every sender, node3 every receiver, so that all traffic meets at the switch's port towards node3.
A best-effort workload ends in a pod of its own behind node3, whose interface counts what really arrived. Under tc it
has a source address of its own on node2, which is what the actuator matches; under EDT it sends from a pod of node2.
"""

from __future__ import annotations

from dataclasses import dataclass

SWITCH = "switch"
CONTROL, SENDERS, RECEIVERS = "node1", "node2", "node3"
UPLINK = "uplink"


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a best-effort workload sends from: the network namespace and the source address."""

    node: str
    address: str


NODES = {CONTROL: "10.77.1.10", SENDERS: "10.77.2.10", RECEIVERS: "10.77.3.10"}
BEST_EFFORT = {"telemetry-upload": Sender(SENDERS, "10.77.2.31"), "erp-dashboard": Sender(SENDERS, "10.77.2.32")}
EDT_PODS = {
    "telemetry-upload": Sender("telemetry-pod", "10.79.1.2"),
    "erp-dashboard": Sender("dashboard-pod", "10.79.2.2"),
}
EDT_POD_SUBNETS = "10.79.0.0/16"
PODS = {"telemetry-upload": "10.78.1.2", "erp-dashboard": "10.78.2.2"}
POD_SUBNETS = "10.78.0.0/16"

ROBOT_CONTROL_PORT = 5201
SAFETY_SCANNER_PORT = 5202
ROBOT_FACTORY_PORT = 8080
CAMERA_PORT = 5210
TELEMETRY_PORT = 5220
DASHBOARD_PORT = 8090
STAMP_UDP_PORT = 5862
STAMP_TCP_PORT = 5863
PROBE_METRICS_PORT = 9862
DAEMON_HTTP_PORT = 9861
PROMETHEUS_PORT = 9090

FRAME_BYTES = 1514


@dataclass(frozen=True, slots=True)
class BottleneckLink:
    """The bottleneck: ``capacity_bps`` in bit/s and the depth of its FIFO as the ms it takes to drain at that rate."""

    capacity_bps: int
    buffer_ms: float

    @property
    def buffer_bytes(self) -> int:
        """A switch's buffer is memory: its size in bytes stays when the capacity drops, so that it drains slower."""
        return max(2 * FRAME_BYTES, int(self.capacity_bps * self.buffer_ms / 8000))


def senders(enforcer: str) -> dict[str, Sender]:
    """Return where each best-effort workload sends from under an enforcer."""
    return EDT_PODS if enforcer == "edt" else BEST_EFFORT


def gateway(address: str) -> str:
    """Return the router's address in the /24 of ``address``."""
    return f"{address.rpartition('.')[0]}.1"


def port_towards(name: str) -> str:
    """Return the name of the interface towards a node or pod; the kernel allows 15 characters (IFNAMSIZ)."""
    return f"to-{name}"[:15]

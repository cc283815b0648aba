"""Who lives where in the lab, and the link between: nodes, addresses, ports and the bottleneck, as plain data.

Three Kubernetes nodes hang on one switch. node1 is the control plane and the network namespace of the lab process
itself; node2 holds every sender, node3 every receiver, so that all traffic meets at the switch's port towards node3.
A best-effort workload ends in a pod of its own behind node3, whose interface counts what really arrived. Under tc it
has a source address of its own on node2, which is what the actuator matches; under EDT it sends from a pod of node2.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

SWITCH = "switch"
CONTROL, SENDERS, RECEIVERS = "node1", "node2", "node3"
UPLINK = "uplink"


@dataclass(frozen=True, slots=True)
class Sender:
    """Where a best-effort workload sends from: the network namespace and the source address."""

    node: str
    address: str


WORKLOADS = ("telemetry-upload", "erp-dashboard")
EDT_PODS = {"telemetry-upload": "telemetry-pod", "erp-dashboard": "dashboard-pod"}

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


@dataclass(frozen=True, slots=True)
class AddressPlan:
    """Every address of the lab, all of one IP family. A router has the address 1 in each subnet.

    ``best_effort`` are the senders under tc, ``edt_pods`` those under EDT, ``pods`` where best effort ends.
    """

    nodes: Mapping[str, str]
    best_effort: Mapping[str, Sender]
    edt_pods: Mapping[str, Sender]
    pods: Mapping[str, str]
    edt_pod_subnets: str
    pod_subnets: str
    prefix_length: int
    header_bytes: int
    forwarding: str
    """The sysctl that makes a router."""

    def senders(self, enforcer: str) -> Mapping[str, Sender]:
        """Return where each best-effort workload sends from under an enforcer."""
        return self.edt_pods if enforcer == "edt" else self.best_effort

    def gateway(self, address: str) -> str:
        """Return the router's address in the subnet of ``address``."""
        separator = ":" if ":" in address else "."
        return f"{address.rpartition(separator)[0]}{separator}1"


def address_plan(ip_family: str) -> AddressPlan:
    """Return the addresses of ``ipv4`` or ``ipv6``: blocks of private addresses (RFC 1918, RFC 4193)."""
    v6 = ip_family == "ipv6"
    one = "fd00:{}:{}::{}" if v6 else "10.{}.{}.{}"
    subnets = "fd00:{}::/32" if v6 else "10.{}.0.0/16"
    nodes = {name: one.format(77, number, 10) for number, name in enumerate((CONTROL, SENDERS, RECEIVERS), 1)}
    return AddressPlan(
        nodes=nodes,
        best_effort={name: Sender(SENDERS, one.format(77, 2, number)) for number, name in enumerate(WORKLOADS, 31)},
        edt_pods={name: Sender(EDT_PODS[name], one.format(79, number, 2)) for number, name in enumerate(WORKLOADS, 1)},
        pods={name: one.format(78, number, 2) for number, name in enumerate(WORKLOADS, 1)},
        edt_pod_subnets=subnets.format(79),
        pod_subnets=subnets.format(78),
        prefix_length=64 if v6 else 24,
        header_bytes=40 if v6 else 20,
        forwarding="net.ipv6.conf.all.forwarding" if v6 else "net.ipv4.ip_forward",
    )


def port_towards(name: str) -> str:
    """Return the name of the interface towards a node or pod; the kernel allows 15 characters (IFNAMSIZ)."""
    return f"to-{name}"[:15]

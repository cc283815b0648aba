"""The network: namespaces, links and the bottleneck, built through netlink inside namespaces of our own.

Nothing here removes anything. The network exists only in the mount and network namespaces of the lab's first process
(``isolation.py``); when that process ends, for whatever reason, the kernel takes all of it away.

The switch routes, and nodes have a subnet each, so that pods behind node3 need nothing but a route.
"""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pyroute2 import IPRoute, NetNS, netns
from pyroute2.netlink.exceptions import NetlinkError

from detnet.model.errors import UserError
from detnet_lab.testbed import lab_topology as at
from detnet_lab.testbed.edt.pod_cap import PodCap
from detnet_lab.testbed.lab_topology import FRAME_BYTES, AddressPlan, BottleneckLink

_HEADER_BYTES = 14 + 32  # Ethernet, TCP with timestamps (RFC 7323): with IP's what a full segment is not goodput
_NO_DAD = 0x02  # IFA_F_NODAD: an IPv6 address can be used at once, nobody else has it here
CURE = "net.ipv4.tcp_tso_rtt_log"
"""At 0, TCP makes packets of what a connection sends in 1 ms (Linux 5.18 on; 9 makes them 64 KB on short paths)."""
_NS_DIR = Path("/run/netns")


@dataclass(frozen=True, slots=True)
class Received:
    """What came out of the bottleneck since the start: TCP payload of best effort, whole frames of critical traffic."""

    payload_bytes: dict[str, int]
    critical_bytes: int


class Network:
    """The running topology; ``set_capacity`` and ``received`` are all that a run needs of it."""

    def __init__(self, link: BottleneckLink, addresses: AddressPlan, handles: dict[str, Any]) -> None:
        self._link = link
        self._addresses = addresses
        self._handles = handles

    def set_capacity(self, capacity_bps: int) -> None:
        """Change the bottleneck's rate, in bit/s, under traffic."""
        self._shape("change", capacity_bps)

    def received(self) -> Received:
        """Read the interface counters behind the bottleneck: the pods' and, for all that ends on node3, the rest."""
        # One dump, so that all counters are of the same instant.
        links = {link.get_attr("IFLA_IFNAME"): link for link in self._handles[at.RECEIVERS].get_links()}
        counters = {name: link.get_attr("IFLA_STATS64") for name, link in links.items()}
        pods = {name: counters[at.port_towards(name)] for name in self._addresses.pods}
        header_bytes = _HEADER_BYTES + self._addresses.header_bytes
        return Received(
            payload_bytes={name: pod["tx_bytes"] - pod["tx_packets"] * header_bytes for name, pod in pods.items()},
            critical_bytes=counters[at.UPLINK]["rx_bytes"] - sum(pod["tx_bytes"] for pod in pods.values()),
        )

    def build(self) -> None:
        """Create links, addresses, routes and the bottleneck."""
        addresses = self._addresses
        for name, address in addresses.nodes.items():
            self._connect(at.SWITCH, name, address)
        for name, address in addresses.pods.items():
            self._connect(at.RECEIVERS, name, address)
        for router in (at.SWITCH, at.RECEIVERS):
            _set_in(router, addresses.forwarding, 1)
        self._handles[at.SWITCH].route("add", dst=addresses.pod_subnets, gateway=addresses.nodes[at.RECEIVERS])
        node2 = self._handles[at.SENDERS]
        for sender in addresses.best_effort.values():
            self._add_address(node2, _index(node2, at.UPLINK), sender.address)
        self._shape("add", self._link.capacity_bps)

    def build_edt_pods(self, *, cured: bool) -> None:
        """Create the pods that send under EDT, uncapped; ``cured`` ones send no large packets.

        Raises:
            UserError: the kernel has no HTB, or not the sysctl.
        """
        for pod in self._addresses.edt_pods.values():
            self._connect(at.SENDERS, pod.node, pod.address, whole=True)
            if cured:
                _set_in(pod.node, CURE, 0)
            cap = PodCap(pod.node)
            cap.ensure()
            cap.close()
        _set_in(at.SENDERS, self._addresses.forwarding, 1)
        subnets, node2 = self._addresses.edt_pod_subnets, self._addresses.nodes[at.SENDERS]
        self._handles[at.SWITCH].route("add", dst=subnets, gateway=node2)

    def _connect(self, router: str, name: str, address: str, *, whole: bool = False) -> None:
        """Join a router and a node or pod by a veth pair; the latter's end is its uplink, with the default route.

        ``whole``: TCP may hand the uplink packets of up to 64 KB, which the next link splits.
        """
        near, far = self._handles[router], self._handles[name]
        target = os.open("/proc/self/ns/net" if name == at.CONTROL else _NS_DIR / name, os.O_RDONLY)
        try:
            near.link("add", ifname=at.port_towards(name), kind="veth", peer={"ifname": at.UPLINK, "net_ns_fd": target})
        finally:
            os.close(target)
        gateway = self._addresses.gateway(address)
        ends = (near, at.port_towards(name), gateway), (far, at.UPLINK, address)
        for handle, device, own in ends:
            index = _index(handle, device)
            # One frame per segment, as on a wire: a 64 kB super-packet would cross the bottleneck as one 5 ms block.
            if not whole:
                handle.link("set", index=index, gso_max_segs=1)
            handle.link("set", index=index, state="up")
            self._add_address(handle, index, own)
        far.link("set", index=_index(far, "lo"), state="up")
        # A machine may prefer BBR, which keeps the queue short by itself: the lab's senders use Linux's own default.
        anywhere = "::/0" if ":" in gateway else "0.0.0.0/0"
        # Of several IPv6 addresses the newest is taken where nobody says which, and that is best effort's (RFC 6724).
        far.route("add", dst=anywhere, gateway=gateway, prefsrc=address, metrics={"cc_algo": "cubic"})

    def _add_address(self, handle: Any, index: int, address: str) -> None:
        flags = _NO_DAD if ":" in address else 0
        handle.addr("add", index=index, address=address, prefixlen=self._addresses.prefix_length, flags=flags)

    def _shape(self, command: str, capacity_bps: int) -> None:
        switch = self._handles[at.SWITCH]
        switch.tc(
            command,
            "tbf",
            index=_index(switch, at.port_towards(at.RECEIVERS)),
            handle=0x10000,
            rate=capacity_bps // 8,
            burst=2 * FRAME_BYTES,
            limit=self._link.buffer_bytes,
        )


def _index(handle: Any, device: str) -> int:
    (index,) = handle.link_lookup(ifname=device)
    return int(index)


def _create(name: str) -> Any:
    netns.create(name)
    return NetNS(name)


def _set_in(name: str, sysctl: str, value: int) -> None:
    """Set a sysctl of a namespace; it is a file seen only from inside (netlink has none).

    Raises:
        UserError: the kernel does not have it.
    """
    script = f"echo {value} > /proc/sys/{sysctl.replace('.', '/')}"
    done = subprocess.run(["nsenter", f"--net={_NS_DIR / name}", "sh", "-c", script], capture_output=True, check=False)
    if done.returncode != 0:
        raise UserError(f"the lab cannot set {sysctl} in {name}: {done.stderr.decode().strip()}")


@contextmanager
def lab_network(
    link: BottleneckLink, addresses: AddressPlan, *, enforcer: str = "tc", burst: str = "whole"
) -> Iterator[Network]:
    """Build the topology around this process's network namespace, which becomes node1.

    Raises:
        UserError: the kernel lacks a part of it (network namespaces, veth, tbf; htb under EDT), or refuses it.
    """
    edt_pods = at.EDT_PODS.values() if enforcer == "edt" else []
    handles = {name: _create(name) for name in (at.SWITCH, at.SENDERS, at.RECEIVERS, *at.WORKLOADS, *edt_pods)}
    handles[at.CONTROL] = IPRoute()
    made = Network(link, addresses, handles)
    try:
        made.build()
        if edt_pods:
            made.build_edt_pods(cured=burst == "cured")
        yield made
    except NetlinkError as error:
        raise UserError(
            f"the kernel refused a part of the lab's network (it needs veth and sch_tbf): {error}"
        ) from error
    finally:
        for handle in handles.values():
            handle.close()

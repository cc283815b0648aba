"""A veth pair between two namespaces of our own: the network device that the tc tests shape."""

from __future__ import annotations

import os
import socket
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from pyroute2 import netns

from detnet.actuators.tc.match import Match

DEVICE = "near0"
NEAR_ADDRESSES = ("10.99.0.1", "10.99.0.3", "fd99::1")
FAR_ADDRESSES = ("10.99.0.2", "fd99::2")
TARGETS = {
    "telemetry": Match.parse({"source": "10.99.0.3"}, where="test"),
    "dashboard": Match.parse({"protocol": "udp", "destination_port": 8080}, where="test"),
}


@dataclass(frozen=True, slots=True)
class Wire:
    """``near`` holds the shaped device, ``far`` its other end; both are names of ip-netns(8)."""

    near: str
    far: str

    def tc(self, arguments: str) -> str:
        """Return what iproute2's tc prints on the near side."""
        command = ["ip", "netns", "exec", self.near, "tc", *arguments.split()]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout

    def udp_socket(self, family: socket.AddressFamily = socket.AF_INET) -> socket.socket:
        """Return a socket that sends from the near side."""
        made: socket.socket = netns.create_socket(self.near, family, socket.SOCK_DGRAM, flags=0)
        return made


def build(near: str, far: str) -> None:
    """Make the two namespaces and the pair between them, up, addressed, and with neighbours that need no discovery."""
    for name in (near, far):
        netns.create(name)
    macs = {DEVICE: "02:00:00:00:00:01", "far0": "02:00:00:00:00:02"}
    pair = f"type veth peer name far0 address {macs['far0']} netns {far}"
    _ip(f"-n {near} link add {DEVICE} address {macs[DEVICE]} {pair}")
    for name, device, addresses in ((near, DEVICE, NEAR_ADDRESSES), (far, "far0", FAR_ADDRESSES)):
        for address in addresses:
            _ip(f"-n {name} addr add {address}/{'64 nodad' if ':' in address else '24'} dev {device}")
        _ip(f"-n {name} link set {device} up")
    for name, device, other, addresses in (
        (near, DEVICE, "far0", FAR_ADDRESSES),
        (far, "far0", DEVICE, NEAR_ADDRESSES),
    ):
        for address in addresses:
            _ip(f"-n {name} neigh add {address} lladdr {macs[other]} dev {device}")


def destroy(*names: str) -> None:
    """Remove the namespaces that are still there."""
    for name in set(names) & set(netns.listnetns()):
        netns.remove(name)


@contextmanager
def wire_between_namespaces() -> Iterator[Wire]:
    """Make a wire and remove it whatever happens."""
    near, far = f"detnet-test-{os.getpid()}-near", f"detnet-test-{os.getpid()}-far"
    try:
        build(near, far)
        yield Wire(near, far)
    finally:
        destroy(near, far)


def _ip(arguments: str) -> None:
    subprocess.run(["ip", *arguments.split()], check=True, capture_output=True)

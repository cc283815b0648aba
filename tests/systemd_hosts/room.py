"""The network that hosts share: a bridge in a network namespace, without a way out of it."""

from __future__ import annotations

import ipaddress
from pathlib import Path

from systemd_hosts.places import run

BRIDGE = "hosts0"


def make(name: str, address: str) -> None:
    """Make the room of a host with ``address`` (CIDR) unless it is there; the room itself has the network's first."""
    if path(name).exists():
        return
    network = ipaddress.ip_interface(address).network
    run("ip", "netns", "add", name)
    for arguments in (
        f"link add {BRIDGE} type bridge",
        f"addr add {next(network.hosts())}/{network.prefixlen} dev {BRIDGE}",
        f"link set {BRIDGE} up",
        "link set lo up",
    ):
        run("ip", "-n", name, *arguments.split())


def remove(name: str) -> None:
    """Remove a room that no host is in any more."""
    if path(name).exists():
        run("ip", "netns", "del", name)


def path(name: str) -> Path:
    """The file that ``nsenter --net=`` takes."""
    return Path("/run/netns") / name

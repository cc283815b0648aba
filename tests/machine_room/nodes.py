"""Which hosts are in the room, and where."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from ipaddress import IPv4Address, IPv4Network
from pathlib import Path

from systemd_hosts.places import HostError

CACHE = Path(__file__).parents[2] / ".cache" / "machine-room"
FOLDER = CACHE / "room"
SHELF = CACHE / "shelf"  # packages and images: on every node it is /srv/shelf, as a site's mirrors would be
# RFC 2544 sets this range apart for tests between devices, so it hides no network that a user has.
NETWORK = IPv4Network("198.18.0.0/24")
GATEWAY = NETWORK[1]  # the bridge: every default route ends there, because the room has no way out
OPERATOR = NETWORK[254]  # this machine's own address in the room, for ssh and kubectl
_NAME = re.compile(r"[a-z][a-z0-9]{0,9}")


@dataclass(frozen=True, slots=True)
class Node:
    """One host: its name, its inventory group and its number in the room, from 1."""

    name: str
    group: str
    number: int

    @property
    def address(self) -> IPv4Address:
        """Its address in ``NETWORK``."""
        return NETWORK[10 + self.number]

    @property
    def folder(self) -> Path:
        """What the room keeps for it, until ``down``."""
        return FOLDER / self.name


def parse(hosts: Sequence[str], first_number: int = 1) -> list[Node]:
    """The nodes that ``NAME=GROUP`` words describe.

    Raises:
        HostError: a word is not of that form.
    """
    nodes = []
    for number, word in enumerate(hosts, start=first_number):
        name, _equals, group = word.partition("=")
        if not _NAME.fullmatch(name) or not group:
            raise HostError(f"{word!r} is no host: expected NAME=GROUP, such as w1=workers, NAME of 1 to 10 letters")
        nodes.append(Node(name, group, number))
    return nodes


def save(nodes: Sequence[Node]) -> None:
    """Remember who is in the room."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / "nodes.json").write_text(json.dumps([asdict(node) for node in nodes]))


def load() -> list[Node]:
    """Who is in the room; nobody where there is no room."""
    file = FOLDER / "nodes.json"
    return [Node(**known) for known in json.loads(file.read_text())] if file.exists() else []


def find(name: str) -> Node:
    """The node of that name.

    Raises:
        HostError: the room has none.
    """
    known = {node.name: node for node in load()}
    if name not in known:
        raise HostError(f"the room has no {name!r}, only {', '.join(known) or 'nobody: scripts/machine-room up'}")
    return known[name]

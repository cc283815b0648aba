"""The room as ssh and Ansible see it."""

from __future__ import annotations

from pathlib import Path

import yaml

from control_plane import releases
from machine_room import layer, suitability
from machine_room.nodes import FOLDER, Node, load

_KNOWN_HOSTS = FOLDER / "known_hosts"


def options() -> list[str]:
    """What ssh is told: the room's keys in both directions, and nothing of the user's own configuration."""
    return [
        "-F", "none",
        "-o", f"UserKnownHostsFile={_KNOWN_HOSTS}",
        "-o", "HostKeyAlgorithms=ssh-ed25519",
        "-o", "IdentitiesOnly=yes",
        "-o", "ConnectTimeout=5",
    ]  # fmt: skip


def ssh(node: Node) -> list[str]:
    """The beginning of a command line that runs on a node."""
    return ["ssh", "-q", "-i", str(layer.operator_key()), *options(), f"root@{node.address}"]


def write() -> Path:
    """Write the inventory: which versions the room has, and every node with its number, which its addresses follow."""
    nodes = load()
    _KNOWN_HOSTS.write_text("".join(f"{node.address} {layer.host_key(node)}\n" for node in nodes))
    groups: dict[str, dict[str, dict[str, object]]] = {}
    for node in nodes:
        host: dict[str, object] = {"ansible_host": str(node.address), "room_node_number": node.number}
        groups.setdefault(node.group, {})[node.name] = host
    variables = {
        "ansible_user": "root",
        "ansible_python_interpreter": "/usr/bin/python3",
        "ansible_ssh_private_key_file": str(layer.operator_key()),
        "ansible_ssh_common_args": " ".join(options()),
    }
    release = releases.wanted()
    of_all = {
        "profile_kubernetes": release,
        "profile_containerd": releases.containerd(),
        "room_next_kubernetes": releases.following(release),
        "room_has_cgroup2": suitability.has_cgroup2(),
        "room_lowers_oom_scores": suitability.lowers_oom_scores(),
    }
    content = {
        "all": {"vars": of_all},
        "cluster": {"children": {name: {"hosts": hosts} for name, hosts in groups.items()}, "vars": variables},
    }
    file = FOLDER / "inventory.yml"
    file.write_text(yaml.safe_dump(content, sort_keys=False))
    return file

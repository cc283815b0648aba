"""The room as a whole: up, one more, down."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from pathlib import Path

from machine_room import debian, inventory, layer
from machine_room.nodes import FOLDER, GATEWAY, NETWORK, OPERATOR, SHELF, Node, load, save
from systemd_hosts import cgroups, host, room
from systemd_hosts.host import Host
from systemd_hosts.places import HostError, run, wait_until

NAME = "machine-room"  # of the network namespace, and of this machine's end of the cable into it
# containerd's snapshots are overlays and cannot lie on the overlay that a host's disk is; the others grow.
STATE = ("/var/lib/containerd", "/var/lib/etcd", "/var/lib/kubelet", "/var/log/pods")
_SSH_S, _EXIT_S = 30.0, 30.0


def up(nodes: Sequence[Node]) -> Path:
    """Start the nodes beside those that are there and return the inventory once all answer.

    Raises:
        HostError: something could not be made, or a node does not answer; what was made stays, for ``down`` or a look.
    """
    base = debian.server()
    SHELF.mkdir(parents=True, exist_ok=True)
    present = load()
    if repeated := {node.name for node in nodes} & {node.name for node in present}:
        raise HostError(f"{', '.join(sorted(repeated))} is in the room already: scripts/machine-room down ends it")
    save([*present, *nodes])
    layer.operator_key()  # made once, before several nodes ask for it
    if not room.path(NAME).exists():
        _make_network()
    with ThreadPoolExecutor() as starters:
        list(starters.map(lambda node: _start(node, base), nodes))
    file = inventory.write()
    for node in nodes:
        wait_until(partial(_answers, node), f"ssh to {node.name}", _SSH_S)
    return file


def down() -> None:
    """End every node and remove the room; the cache stays.

    Raises:
        HostError: a trace of it is left; all are named.
    """
    nodes = load()
    # The last host takes the namespace along, and that takes the cable, but only some time later: the next room would
    # find its route still there, and who takes the cable away in that time may come too late.
    if Path("/sys/class/net", NAME).exists():
        run("ip", "link", "delete", NAME)
    for node in nodes:
        host.stop(node.name)
    room.remove(NAME)
    with suppress(HostError):  # what is left is named below
        wait_until(partial(_cgroups_removed, nodes), "the end of the hosts' processes", _EXIT_S)
    if traces := [*_mounts(), *_cgroups(nodes), *(str(path) for path in [room.path(NAME)] if path.exists())]:
        raise HostError(f"the room left {', '.join(traces)}")
    shutil.rmtree(FOLDER, ignore_errors=True)


def memory_bytes(node: Node) -> int:
    """What the node's processes and the files that they read take, as the kernel counts it."""
    version_1, version_2 = "/sys/fs/cgroup/memory/memory.usage_in_bytes", "/sys/fs/cgroup/memory.current"
    return int(run(*host.inside(host.load(node.name)), "sh", "-c", f"cat {version_1} 2>/dev/null || cat {version_2}"))


def _start(node: Node, base: Path) -> None:
    layers = f"{layer.make(node)}:{base}"
    binds = [f"{SHELF}:/srv/shelf"]
    for path in STATE:
        folder = node.folder / "state" / Path(path).name
        folder.mkdir(parents=True)
        binds.append(f"{folder}:{path}")
    host.start(Host(node.name, layers, f"{node.address}/{NETWORK.prefixlen}", NAME, tuple(binds)))


def _make_network() -> None:
    routes = [route["dst"] for route in json.loads(run("ip", "-json", "route", "show", "root", str(NETWORK)))]
    if routes:
        raise HostError(f"this machine has a route to {', '.join(routes)}, where the room would be: remove it first")
    room.make(NAME, f"{GATEWAY}/{NETWORK.prefixlen}")
    for command in (
        f"ip link add {NAME} type veth peer name operator netns {NAME}",
        f"ip -netns {NAME} link set operator master {room.BRIDGE} up",
        f"ip address add {OPERATOR}/{NETWORK.prefixlen} dev {NAME}",
        f"ip link set {NAME} up",
    ):
        run(*command.split())


def _mounts() -> list[str]:
    lines = Path("/proc/self/mountinfo").read_text().splitlines()
    return [line.split()[4] for line in lines if f"{FOLDER}/" in line]


def _cgroups(nodes: Sequence[Node]) -> list[str]:
    """A cgroup can only be removed once its last process has ended, so no process is left where none is."""
    return [str(path) for node in nodes for path in Path("/sys/fs/cgroup").glob(f"*/systemd-hosts/{node.name}")]


def _cgroups_removed(nodes: Sequence[Node]) -> bool:
    """Remove those that a process which was on its way out had kept."""
    if _cgroups(nodes):
        for node in nodes:
            cgroups.remove(node.name)
    return not _cgroups(nodes)


def _answers(node: Node) -> bool:
    return subprocess.run([*inventory.ssh(node), "true"], stdin=subprocess.DEVNULL, check=False).returncode == 0

"""A host is there with all that a cluster needs of it, and afterwards nothing of it is."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from machine_room import nodes, room, suitability
from machine_room.__main__ import main
from machine_room.inventory import ssh
from machine_room.nodes import FOLDER, Node
from systemd_hosts.places import HostError


@pytest.fixture(scope="module")
def lone() -> Iterator[Node]:
    """The only host of a room."""
    if FOLDER.exists():
        pytest.fail("a room is up, and there can be only one: scripts/machine-room down", pytrace=False)
    (node,) = nodes.parse(["lone=workers"])
    try:
        room.up([node])
        yield node
    finally:
        room.down()


def _on(node: Node, command: str) -> str:
    return subprocess.run([*ssh(node), command], capture_output=True, text=True, check=True).stdout.strip()


@pytest.mark.root
@pytest.mark.timeout(600)  # the tree is made by the first call
def test_a_host_is_a_machine_to_the_kubelet(lone: Node) -> None:
    """No unit has failed, modules load, cgroups can be made, and sysctls are as the kubelet wants them."""
    assert _on(lone, "systemctl is-system-running") == "running"
    assert _on(lone, "hostname; cat /proc/sys/vm/overcommit_memory /proc/sys/kernel/panic").split() == [
        "lone",
        "1",
        "10",
    ]
    _on(lone, "modprobe br_netfilter && mkdir /sys/fs/cgroup/memory/kubepods && rmdir /sys/fs/cgroup/memory/kubepods")
    assert "shared" in _on(lone, "findmnt --noheadings --output PROPAGATION /")


@pytest.mark.root
def test_a_host_has_no_way_out(lone: Node) -> None:
    """Its default route ends at the bridge: a test can reach nothing that it should not."""
    answer = subprocess.run([*ssh(lone), "ping -c 1 -W 1 192.0.2.1"], capture_output=True, text=True, check=False)
    assert answer.returncode != 0


@pytest.mark.root
def test_nothing_is_left() -> None:
    """After ``down`` there is no mount, cgroup, namespace or folder; a second one has nothing to do."""
    assert main(["down"]) == 0
    room.up(nodes.parse(["lone=workers"]))
    room.down()
    assert not FOLDER.exists()
    assert not Path("/run/netns", room.NAME).exists()
    assert not list(Path("/sys/fs/cgroup").glob("*/systemd-hosts/lone"))
    assert str(FOLDER) not in Path("/proc/self/mountinfo").read_text()
    room.down()


def test_who_is_not_root_is_told_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence, and the exit code of a failure."""
    monkeypatch.setattr("os.geteuid", lambda: 1000)
    assert main(["status"]) == 1
    assert capsys.readouterr().err == f"machine-room: {suitability.ROOT}\n"


def test_a_host_needs_a_group() -> None:
    """A word that names no group is refused with the form that was expected."""
    with pytest.raises(HostError, match="'w1' is no host: expected NAME=GROUP"):
        nodes.parse(["w1"])

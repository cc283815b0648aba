"""What lies between the tree of all hosts and a node's own changes: the marks of a machine, and who may log in."""

from __future__ import annotations

import platform
import shutil
import uuid
from pathlib import Path

from machine_room.nodes import FOLDER, GATEWAY, Node
from systemd_hosts.places import run

FILES = Path(__file__).with_name("files")
# The nodes cannot load modules, they share this machine's kernel: modprobe tells them that these are built in.
MODULES = {
    "kernel/drivers/net": ("veth", "vxlan", "ifb", "dummy"),
    "kernel/fs/overlayfs": ("overlay",),
    "kernel/net/bridge": ("bridge", "br_netfilter"),
    "kernel/net/ipv4/netfilter": ("ip_tables", "iptable_filter", "iptable_mangle", "iptable_nat"),
    "kernel/net/netfilter": ("nf_conntrack", "nf_nat", "nf_tables", "xt_comment", "xt_conntrack", "xt_socket"),
    "kernel/net/netfilter/ipset": ("ip_set",),
    "kernel/net/sched": ("act_mirred", "cls_bpf", "cls_u32", "sch_fq", "sch_htb", "sch_ingress", "sch_tbf"),
}


def make(node: Node) -> Path:
    """Write the node's layer and return it."""
    layer, identity = node.folder / "layer", uuid.uuid4().hex
    for place in ("etc", "var/lib/dbus"):  # the tree has one for all
        _write(layer / place / "machine-id", f"{identity}\n")
    _write(layer / "etc/hosts", f"127.0.0.1 localhost\n{node.address} {node.name}\n")
    _write(layer / "etc/systemd/network/10-host0.network.d/room.conf", f"[Network]\nGateway={GATEWAY}\n")
    # Nobody answers there, at once; without any server CoreDNS would not start.
    _write(layer / "etc/resolv.conf", f"nameserver {GATEWAY}\n")
    _write(layer / "etc/apt/sources.list", "deb [trusted=yes] file:/srv/shelf/debian ./\n")
    _install("prepare-node", layer / "usr/local/sbin/prepare-node")
    _install("prepare-node.service", layer / "etc/systemd/system/prepare-node.service")
    wanted = layer / "etc/systemd/system/sysinit.target.wants/prepare-node.service"
    wanted.parent.mkdir()
    wanted.symlink_to("/etc/systemd/system/prepare-node.service")
    _declare_modules(layer)
    _let_operator_in(layer)
    return layer


def host_key(node: Node) -> str:
    """The public half of the key with which the node's ssh server proves itself."""
    return (node.folder / "layer/etc/ssh/ssh_host_ed25519_key.pub").read_text().strip()


def operator_key() -> Path:
    """The operator's ssh key; made when it is first asked for."""
    file = FOLDER / "id"
    if not file.exists():
        _make_key(file)
    return file


def _let_operator_in(layer: Path) -> None:
    key = layer / "etc/ssh/ssh_host_ed25519_key"
    key.parent.mkdir()
    _make_key(key)
    folder = layer / "root/.ssh"
    folder.mkdir(mode=0o700, parents=True)
    folder.parent.chmod(0o700)
    shutil.copy(operator_key().with_suffix(".pub"), folder / "authorized_keys")


def _make_key(file: Path) -> None:
    run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "machine-room", "-f", str(file))


def _declare_modules(layer: Path) -> None:
    lines = "".join(f"{place}/{name}.ko\n" for place, names in MODULES.items() for name in names)
    folder = layer / "usr/lib/modules" / platform.release()
    _write(folder / "modules.builtin", lines)
    _write(folder / "modules.order", "")
    run("depmod", "--basedir", str(layer / "usr"), platform.release())


def _install(name: str, file: Path) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    shutil.copy(FILES / name, file)


def _write(file: Path, text: str) -> None:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)

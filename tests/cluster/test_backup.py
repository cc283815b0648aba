"""A backup is for its owner alone, and goes back only to where it came from."""

from __future__ import annotations

import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from access.role import ROOT, Run, play

HERE = {
    "control_plane_node_name": "cp1",
    "control_plane_address": "192.0.2.11",
    "control_plane_endpoint": "192.0.2.11:6443",
    "detnet_confirm": "192.0.2.11:6443",
}


@pytest.fixture(autouse=True)
def collection(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let Ansible find the role by its full name."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache/collections"))


@pytest.fixture
def open_umask() -> Iterator[None]:
    """Make new files readable for everybody, as on most machines."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def run(folder: Path, entry: str, *options: str, **variables: object) -> Run:
    """Play an entry point of the role control_plane on this machine."""
    role = {"ansible.builtin.include_role": {"name": "detnet.qos.control_plane", "tasks_from": entry}}
    book = json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [role]}])
    return play(folder, {**HERE, **variables}, *options, playbook=book)


def mode(path: Path) -> int:
    """The permission bits."""
    return path.stat().st_mode & 0o7777


@pytest.mark.usefixtures("open_umask")
@pytest.mark.parametrize("before", ["nothing", "an open directory"])
def test_a_copy_is_for_its_owner_alone(tmp_path: Path, before: str) -> None:
    """Whatever the umask, and also where an earlier version has left its directory open."""
    archive, copies = tmp_path / "cp1-1.tar.gz", tmp_path / "copies"
    archive.write_bytes(b"keys")
    if before != "nothing":
        copies.mkdir(mode=0o755)
        (copies / archive.name).write_bytes(b"older keys")
    known = {"__control_plane_backup_file": str(archive), "control_plane_backup_copy": str(copies)}
    done = run(tmp_path, "backup_copy", **known)
    assert done.ok, done.output
    assert (copies / archive.name).read_bytes() == b"keys"
    assert (mode(copies), mode(copies / archive.name)) == (0o700, 0o600)
    assert run(tmp_path, "backup_copy", **known).changed == 0


@pytest.mark.usefixtures("open_umask")
def test_a_relative_directory_is_the_one_that_is_closed(tmp_path: Path) -> None:
    """The modules that make it and that copy into it must mean the same one, which is beside the playbook."""
    (tmp_path / "cp1-1.tar.gz").write_bytes(b"keys")
    known = {"__control_plane_backup_file": str(tmp_path / "cp1-1.tar.gz"), "control_plane_backup_copy": "copies"}
    done = run(tmp_path, "backup_copy", **known)
    assert done.ok, done.output
    assert (mode(tmp_path / "copies"), mode(tmp_path / "copies/cp1-1.tar.gz")) == (0o700, 0o600)


def test_modes_that_do_not_hold_are_told(tmp_path: Path) -> None:
    """As on a file system without any: the copy is not called safe."""
    tasks = yaml.safe_load((ROOT / "roles/control_plane/tasks/backup_copy.yml").read_text(encoding="utf-8"))
    copied = {"dest": "/mnt/cp1-1.tar.gz"}
    modes = {"results": [{"stat": {"mode": "0777"}}, {"stat": {"mode": "0755"}}]}
    known = {"__control_plane_backup_copied": copied, "__control_plane_backup_modes": modes}
    book = json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": tasks[-1:]}])
    told = play(tmp_path, known, playbook=book)
    assert not told.ok
    assert "have the modes 0755 and 0777; expected 0600 and 0700" in " ".join(told.output.split())


def backup(folder: Path, *, node: str = "cp1", address: str = "192.0.2.11", ca: str = "our CA") -> Path:
    """A backup as the role packs it; its etcd.db is never read here."""
    init = {"kind": "InitConfiguration", "nodeRegistration": {"name": node}}
    init["localAPIEndpoint"] = {"advertiseAddress": address}
    cluster = {"kind": "ClusterConfiguration", "controlPlaneEndpoint": f"{address}:6443"}
    parts = {
        "etcd.db": "data",
        "kubernetes/manifests/etcd.yaml": "kind: Pod",
        "kubernetes/pki/ca.crt": ca,
        "kubernetes/pki/ca.key": "the key of the CA",
        "detnet/kubeadm.yml": yaml.safe_dump_all([init, cluster]),
    }
    with tarfile.open(folder / "backup.tar.gz", "w:gz") as archive:
        for name, text in parts.items():
            path = folder / "parts" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text, encoding="utf-8")
            archive.add(path, name)
    return folder / "backup.tar.gz"


@pytest.mark.parametrize(
    ("other", "message"),
    [
        ({"node": "cp2"}, "is of the node cp2, 192.0.2.11, 192.0.2.11:6443 (name, address, endpoint)"),
        ({"address": "192.0.2.99"}, "is of the node cp1, 192.0.2.99, 192.0.2.99:6443 (name, address, endpoint)"),
        ({"ca": "another CA"}, "is of a cluster with another CA than the one that localhost has in"),
    ],
)
@pytest.mark.parametrize("options", [[], ["--check"]])
def test_a_backup_of_another_place_is_refused(
    tmp_path: Path, other: dict[str, str], message: str, options: list[str]
) -> None:
    """Before anything is changed, and its keys do not stay behind unpacked."""
    (tmp_path / "ca.crt").write_text("our CA\n", encoding="utf-8")
    places = {"control_plane_backup_dir": str(tmp_path / "backups"), "__control_plane_ca": str(tmp_path / "ca.crt")}
    known = {"control_plane_restore": str(backup(tmp_path, **other)), **places}
    refused = run(tmp_path, "restore", *options, **known)
    assert (refused.ok, refused.changed) == (False, 0), refused.output
    told = " ".join(refused.output.split())
    assert message in told, refused.output
    assert "nothing was changed" in told, refused.output
    assert not (tmp_path / "backups/restore").exists()


@pytest.mark.parametrize("bare", [False, True])
def test_a_backup_of_this_place_is_let_in(tmp_path: Path, *, bare: bool) -> None:
    """On the host that made it, and on a bare one of the same name and address."""
    if not bare:
        (tmp_path / "ca.crt").write_text("our CA\n", encoding="utf-8")
    unpacked = tmp_path / "unpacked"
    unpacked.mkdir()
    subprocess.run(["tar", "--extract", f"--file={backup(tmp_path)}", f"--directory={unpacked}"], check=True)
    known = {"__control_plane_restore_work": str(unpacked), "__control_plane_ca": str(tmp_path / "ca.crt")}
    let_in = run(tmp_path, "restore_check", **known)
    assert let_in.ok, let_in.output

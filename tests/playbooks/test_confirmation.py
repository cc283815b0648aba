"""Every play that destroys something asks for the cluster's name, whatever the tags, the limit and the groups are."""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from access.role import play
from playbooks.played import NOWHERE, ROOT, played

WORD = "192.0.2.11:6443"
LOCAL = f"{{ansible_connection: local, ansible_become: false, ansible_python_interpreter: {sys.executable}}}"
PLACE = f"control_plane_endpoint: {WORD!r}"
CLUSTER = f"control_plane: {{hosts: {{node1: {LOCAL}}}}}, workers: {{hosts: {{node2: {LOCAL}, node3: {LOCAL}}}}}"
WITH_GROUP = f"all: {{vars: {{{PLACE}}}, children: {{cluster: {{children: {{{CLUSTER}}}}}}}}}"
WITHOUT_GROUP = f"all: {{vars: {{{PLACE}}}, children: {{{CLUSTER}}}}}"
SERVICE = f"all: {{children: {{controller_hosts: {{hosts: {{node1: {LOCAL}}}}}}}}}"
ABSENT = ["control_plane", "worker", "node", "containerd", "kubernetes_packages"]
# What each playbook is given, and each way into it that an operator may choose.
WAYS: list[tuple[str, str, dict[str, object], list[str]]] = [
    ("reset", WITH_GROUP, {}, []),
    ("reset", WITH_GROUP, {"detnet_confirm": "reset"}, ["--tags=worker,control_plane"]),
    ("reset", WITH_GROUP, {}, ["--tags=node"]),
    ("reset", WITH_GROUP, {}, ["--limit=workers"]),
    ("reset", WITHOUT_GROUP, {}, []),
    ("reset", WITHOUT_GROUP, {}, ["--tags=worker,control_plane"]),
    ("restore", WITH_GROUP, {"control_plane_restore": "x"}, []),
    ("restore", WITH_GROUP, {"control_plane_restore": "x"}, ["--tags=control_plane"]),
    ("remove_worker", WITH_GROUP, {"detnet_worker": "node2"}, []),
    ("remove_worker", WITH_GROUP, {"detnet_worker": "node2"}, ["--limit=node2", "--tags=worker"]),
    ("remove_worker", WITH_GROUP, {"detnet_worker": "node2", "detnet_worker_lost": True}, ["--limit=node1"]),
    ("upgrade", WITH_GROUP, {}, []),
    ("upgrade", WITH_GROUP, {}, ["--limit=workers", "--tags=worker"]),
]
THROUGH_THE_API: list[tuple[str, str, list[str]]] = [
    ("release", SERVICE, []),
    ("release", SERVICE, ["--limit=controller_hosts"]),
    ("remove", SERVICE, []),
    ("remove", SERVICE, ["--tags=monitoring"]),
    ("remove", SERVICE, ["--limit=controller_hosts", "--tags=controller"]),
]


def inventory(folder: Path, text: str) -> str:
    """The option that names it."""
    (folder / "hosts.yml").write_text(text, encoding="utf-8")
    return f"--inventory={folder / 'hosts.yml'}"


def refused(playbook: str, variables: dict[str, object], *options: str) -> str:
    """Play it in check mode, since one that does not ask would go on with this machine; return all that was said."""
    code, output = played(f"playbooks/{playbook}.yml", variables, "--check", *options)
    assert code != 0, output
    assert "changed=0" in output, output
    assert not re.search(r"changed=[1-9]", output), output
    return " ".join(output.split())


@pytest.mark.parametrize(("playbook", "hosts", "variables", "options"), WAYS)
def test_hosts_are_not_touched_without_the_clusters_name(
    tmp_path: Path, playbook: str, hosts: str, variables: dict[str, object], options: list[str]
) -> None:
    """The refusal says what would be lost, and how to go on; "reset" is not the name of a cluster."""
    told = refused(playbook, variables, inventory(tmp_path, hosts), *options)
    assert "This destroys " in told, told
    assert f"cluster {WORD}); nothing was changed." in told, told
    assert f"--extra-vars detnet_confirm={WORD}" in told, told


@pytest.mark.parametrize(("playbook", "hosts", "options"), THROUGH_THE_API)
def test_a_cluster_is_not_touched_without_its_name(
    tmp_path: Path, playbook: str, hosts: str, options: list[str]
) -> None:
    """It is the server of the kubeconfig: the word for one cluster does nothing to another."""
    (tmp_path / "config").write_text(NOWHERE, encoding="utf-8")
    known: dict[str, object] = {"detnet_kubeconfig": str(tmp_path / "config"), "detnet_confirm": WORD}
    told = refused(playbook, known, inventory(tmp_path, hosts), *options)
    assert f"detnet_confirm is {WORD}; expected --extra-vars detnet_confirm=127.0.0.1:1" in told, told


DESTROYING = {"reset": 3, "restore": 1, "upgrade": 2, "remove_worker": 2, "release": 2, "remove": 2}


@pytest.mark.parametrize("playbook", DESTROYING)
def test_each_play_asks_for_its_own_hosts(playbook: str) -> None:
    """With the tag that no choice of tags leaves out, before anything else of the play but the look for collections."""
    plays = yaml.safe_load((ROOT / f"playbooks/{playbook}.yml").read_text(encoding="utf-8"))
    asking = [task for each in plays for task in each.get("pre_tasks", []) if "detnet.qos.confirm" in task]
    assert len(asking) == DESTROYING[playbook]
    assert all(task["tags"] == ["always"] and task["any_errors_fatal"] for task in asking)


@pytest.mark.parametrize("worker", ["", "workers", "node2,node3"])
@pytest.mark.parametrize("options", [["--tags=worker"], ["--limit=workers"]])
def test_only_one_worker_can_be_removed(tmp_path: Path, worker: str, options: list[str]) -> None:
    """Neither a pattern nor a name that is missing reaches a host, even if the check is limited away."""
    known: dict[str, object] = {"detnet_confirm": WORD} | ({"detnet_worker": worker} if worker else {})
    code, output = played("playbooks/remove_worker.yml", known, "--check", inventory(tmp_path, WITH_GROUP), *options)
    assert not re.search(r"^node\d +: ", output, flags=re.MULTILINE), output
    assert code != 0 or options == ["--limit=workers"], output


@pytest.mark.parametrize("role", ABSENT)
def test_a_role_asks_too(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str) -> None:
    """So ``control_plane_state: absent`` in an inventory does not make cluster.yml a reset."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache/collections"))
    task = {"ansible.builtin.include_role": {"name": f"detnet.qos.{role}", "tasks_from": "uninstall"}}
    book = json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}])
    run = play(tmp_path, {f"{role}_state": "absent", "control_plane_endpoint": WORD}, "--check", playbook=book)
    assert (run.ok, run.changed) == (False, 0), run.output
    assert f"cluster {WORD}); nothing was changed." in " ".join(run.output.split()), run.output


def asked(folder: Path, variables: dict[str, object], *tasks: dict[str, Any]) -> tuple[bool, str]:
    """Ask on this machine, whose kubeadm's folder is ``folder``."""
    ask = {"detnet.qos.confirm": {"destroys": "it", "kubernetes_dir": str(folder)}}
    book = json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [ask, *tasks]}])
    run = play(folder, {"control_plane_endpoint": WORD} | variables, playbook=book)
    return run.ok, " ".join(run.output.split())


def test_the_hosts_own_cluster_counts_and_not_the_inventorys(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An inventory that points at the hosts of another cluster does not make it go."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache/collections"))
    (tmp_path / "kubelet.conf").write_text(NOWHERE.replace("127.0.0.1:1", "192.0.2.77:6443"), encoding="utf-8")
    ok, told = asked(tmp_path, {"detnet_confirm": WORD})
    assert not ok
    assert "expected --extra-vars detnet_confirm=192.0.2.77:6443" in told
    # What resets a host removes the file too, and its next play asks again.
    forget = {"ansible.builtin.file": {"path": str(tmp_path / "kubelet.conf"), "state": "absent"}}
    again = {"detnet.qos.confirm": {"destroys": "the rest", "kubernetes_dir": str(tmp_path)}}
    ok, told = asked(tmp_path, {"detnet_confirm": "192.0.2.77:6443"}, forget, again)
    assert ok, told
    assert asked(tmp_path, {"detnet_confirm": WORD})[0], "a bare host goes by the inventory"
    by_variable = {"detnet_confirm": "{{ my_cluster }}", "my_cluster": WORD}
    assert asked(tmp_path, by_variable)[0], "the name may come from a variable"


def test_a_kubeconfig_that_cannot_be_understood_is_no_bare_host(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It may be that of a cluster that nobody has named."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache/collections"))
    (tmp_path / "admin.conf").write_text("half a file", encoding="utf-8")
    ok, told = asked(tmp_path, {"detnet_confirm": WORD})
    assert not ok
    assert f"{tmp_path}/admin.conf is to say which cluster this is for, and it names no API server" in told

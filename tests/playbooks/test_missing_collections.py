"""With ansible-core alone the lab's playbook loads, and what needs other collections says so in one sentence."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from playbooks.played import ROOT, played

# In check mode, because a playbook that forgets to ask would go on with this machine.
NODE = f"{{ansible_connection: local, ansible_become: false, ansible_python_interpreter: {sys.executable}}}"
INVENTORY = f"""
cluster: {{children: {{control_plane: {{hosts: {{node1: {NODE}}}}}, workers: {{hosts: {{node2: {NODE}}}}}}}}}
controller_hosts: {{hosts: {{node1: {{}}}}}}
"""
REFUSING: dict[str, dict[str, object]] = {
    "site": {},
    "cluster": {},
    "stack": {},
    "add_worker": {"detnet_worker": "node2"},
    "backup": {},
    "bandwidth_test": {},
    "decrease_test": {},
    "release": {},
    "remove": {},
    "remove_worker": {"detnet_worker": "node2"},
    "reset": {},
    "upgrade": {},
    "verify": {},
}
WITHOUT = {"artifacts", "certificates", "lab", "restore", "validate"}  # validate.yml is the beginning of site.yml
BY_HAND: dict[str, dict[str, object]] = {
    "api_info": {"path": "/version"},
    "apply_set": {"labels": {}, "prune": [], "field_manager": "x"},
    "bandwidth": {"namespace": "x", "name": "y", "rate": "20M"},
    "bandwidth_info": {"namespace": "x"},
}


@pytest.fixture(autouse=True)
def ansible_core_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only this collection is found: as in the lab's environment, whatever the one of the tests holds."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache/collections"))
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_SCAN_SYS_PATH", "false")


def test_the_lab_needs_no_other_collection() -> None:
    """``make lab`` plays site.yml on a machine that has nothing else; all of it loads, and a run gets to its end."""
    for options in (["--syntax-check"], ["--tags=nothing"]):
        code, output = played("site.yml", {}, f"--inventory={ROOT / 'inventories/lab'}", *options)
        assert code == 0, output


def test_every_playbook_is_looked_at() -> None:
    """A new one is either among those that refuse, or needs nothing."""
    assert {path.stem for path in ROOT.glob("playbooks/*.yml")} == {*REFUSING, *WITHOUT}


@pytest.mark.parametrize("playbook", sorted(REFUSING))
def test_a_playbook_names_the_collections_and_the_cure(tmp_path: Path, playbook: str) -> None:
    """Before anything is changed, once, with the command that helps."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(INVENTORY, encoding="utf-8")
    code, output = played(f"playbooks/{playbook}.yml", REFUSING[playbook], f"--inventory={inventory}", "--check")
    told = " ".join(output.split())
    assert code != 0, output
    assert "kubernetes.core >=6.0.0,<7.0.0 (not installed), nothing was changed: run" in told, output
    assert "ansible-galaxy collection install --upgrade 'community.general:>=10.0.0' 'kubernetes.core:" in told, output
    assert "changed=0" in output, output
    assert "resolve module/action" not in output, output
    assert len(set(re.findall(r"^\[ERROR\]: (.*)", output, flags=re.MULTILINE))) <= 1, output


def test_the_others_load_without(tmp_path: Path) -> None:
    """A backup, say, can be put back where nothing else can be installed."""
    inventory = tmp_path / "hosts.yml"
    inventory.write_text(INVENTORY, encoding="utf-8")
    files = [f"playbooks/{name}.yml" for name in sorted(WITHOUT)]
    code, output = played("site.yml", {}, f"--inventory={inventory}", "--syntax-check", *files)
    assert code == 0, output


@pytest.mark.parametrize("module", BY_HAND)
def test_a_module_by_hand_needs_none(module: str) -> None:
    """It has an option of kubernetes.core without it, and gets as far as the kubeconfig."""
    ansible = Path(sys.executable).with_name("ansible")
    command = [
        ansible,
        "localhost",
        "-m",
        f"detnet.qos.{module}",
        "-a",
        json.dumps({"kubeconfig": "/nowhere", **BY_HAND[module]}),
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode != 0
    assert "there is no kubeconfig at /nowhere" in " ".join(done.stdout.split()), done.stdout

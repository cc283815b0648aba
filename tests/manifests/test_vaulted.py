"""A vaulted value arrives in clear where it is needed, and is not shown."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path

import pytest
import yaml

from access.role import ROOT, play

VAULTED = "s3cret-of-the-vault"


@pytest.mark.parametrize("template", ["detnet.yaml.j2", "pod/configuration.yml.j2"])
def test_the_controller_reads_the_value_and_nobody_else(tmp_path: Path, template: str) -> None:
    """With an inline value of ``!vault`` in the settings, as a file and as a ConfigMap."""
    (tmp_path / "password").write_text("of the vault", encoding="utf-8")
    vault = ["ansible-vault", "encrypt_string", f"--vault-password-file={tmp_path}/password", VAULTED]
    cipher = subprocess.run(vault, capture_output=True, text=True, check=True).stdout
    (tmp_path / "vars.yml").write_text(
        f"controller_settings:\n  source:\n    probe:\n      url: {cipher.replace(chr(10), chr(10) + '  ')}\n"
    )
    (tmp_path / "templates").symlink_to(ROOT / "roles/controller/templates")
    files = [str(ROOT / "roles/controller" / kind / "main.yml") for kind in ("defaults", "vars")]
    write = {
        "ansible.builtin.template": {"src": template, "dest": str(tmp_path / "out"), "mode": "0600"},
        "no_log": "{{ __controller_settings_secret | bool }}",
    }
    playbook = [{"hosts": "localhost", "gather_facts": False, "vars_files": [*files, "vars.yml"], "tasks": [write]}]
    options = (f"--vault-password-file={tmp_path}/password", "--diff", "-vvv")
    done = play(tmp_path, {"ansible_managed": ""}, *options, playbook=json.dumps(playbook))
    assert done.ok, done.output
    document = yaml.safe_load((tmp_path / "out").read_text(encoding="utf-8"))
    settings = yaml.safe_load(document["data"]["detnet.yaml"]) if "data" in document else document
    assert settings["source"]["probe"]["url"] == VAULTED
    assert VAULTED not in done.output


@pytest.mark.parametrize("task", ["systemd/start.yml", "pod/present.yml"])
def test_the_tasks_that_write_it_are_not_logged(task: str) -> None:
    """As in the play above."""
    tasks = yaml.safe_load((ROOT / "roles/controller/tasks" / task).read_text(encoding="utf-8"))
    hidden = [one["name"] for one in tasks if one.get("no_log") == "{{ __controller_settings_secret | bool }}"]
    assert len(hidden) == 1

"""The files that the cluster's roles would write, rendered by Ansible without a host."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from access.role import ROOT, play

FACTS = {"hostname": "cp1", "default_ipv4": {"address": "192.0.2.11"}, "distribution": "Debian", "packages": {}}


def render(folder: Path, role: str, template: str, **variables: object) -> str:
    """Return a template of ``role`` with its defaults, the profile's, and ``variables``."""
    path = ROOT / "roles" / role
    (folder / "templates").symlink_to(path / "templates")
    profile = ROOT / "roles/profile"
    files = [str(each / name / "main.yml") for each in (profile, path) for name in ("defaults", "vars")]
    content = {"src": template, "dest": str(folder / "out"), "mode": "0600"}
    playbook = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": files,
            "tasks": [{"ansible.builtin.template": content}],
        }
    ]
    run = play(folder, {"ansible_facts": FACTS, **variables}, playbook=json.dumps(playbook))
    assert run.ok, run.output
    return (folder / "out").read_text(encoding="utf-8")


def documents(text: str) -> dict[str, dict[str, Any]]:
    """The documents of a file by their kinds."""
    return {one["kind"]: one for one in yaml.safe_load_all(text)}

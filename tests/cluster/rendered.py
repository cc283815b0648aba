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
    (folder / "templates").symlink_to(ROOT / "roles" / role / "templates")
    content = {"src": template, "dest": str(folder / "out"), "mode": "0600"}
    return _written(folder, role, {"ansible.builtin.template": content}, variables)


def value(folder: Path, role: str, variable: str, **variables: object) -> object:
    """Return what one of the variables of ``role`` becomes."""
    content = {"content": f"{{{{ {variable} | to_json }}}}", "dest": str(folder / "out"), "mode": "0600"}
    answer: object = json.loads(_written(folder, role, {"ansible.builtin.copy": content}, variables))
    return answer


def _written(folder: Path, role: str, task: dict[str, object], variables: dict[str, object]) -> str:
    places = [ROOT / "roles" / name for name in ("profile", role)]
    files = [str(place / kind / "main.yml") for place in places for kind in ("defaults", "vars")]
    playbook = [{"hosts": "localhost", "gather_facts": False, "vars_files": files, "tasks": [task]}]
    run = play(folder, {"ansible_facts": FACTS, **variables}, playbook=json.dumps(playbook))
    assert run.ok, run.output
    return (folder / "out").read_text(encoding="utf-8")


def documents(text: str) -> dict[str, dict[str, Any]]:
    """The documents of a file by their kinds."""
    return {one["kind"]: one for one in yaml.safe_load_all(text)}

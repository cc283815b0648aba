"""The objects that a role would apply, rendered by Ansible without a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from access.role import ROOT, play

Objects = list[dict[str, Any]]


def render(folder: Path, role: str, *, what: str = "", **variables: object) -> list[Any]:
    """Return the objects of ``role`` with its defaults and ``variables``, or ``what`` else it has worked out."""
    path = ROOT / "roles" / role
    (folder / "templates").symlink_to(path / "templates")
    playbook = [
        {
            "hosts": "localhost",
            "gather_facts": False,
            "vars_files": [str(path / "defaults/main.yml"), str(path / "vars/main.yml")],
            "tasks": [
                {
                    "ansible.builtin.copy": {
                        "content": f"{{{{ {what or f'__{role}_wanted'} | to_json }}}}",
                        "dest": str(folder / "objects.json"),
                        "mode": "0600",
                    }
                }
            ],
        }
    ]
    run = play(folder, dict(variables), playbook=json.dumps(playbook))
    assert run.ok, run.output
    return list(json.loads((folder / "objects.json").read_text(encoding="utf-8")))


def of_kind(objects: Objects, kind: str) -> dict[str, dict[str, Any]]:
    """The objects of one kind by their names."""
    return {one["metadata"]["name"]: one for one in objects if one["kind"] == kind}


def labels_of_pods(deployment: dict[str, Any]) -> dict[str, str]:
    """The labels that policies and Services select by."""
    return dict(deployment["spec"]["template"]["metadata"]["labels"])


def selects(selector: dict[str, str], labels: dict[str, str]) -> bool:
    """Whether ``matchLabels`` select a pod; an empty selector selects every pod."""
    return selector.items() <= labels.items()

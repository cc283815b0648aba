"""The role's files, and the objects that it would apply, rendered by Ansible without a cluster."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import yaml

from access.role import Run, play

__all__ = ["DASHBOARD", "PLAYBOOK", "ROLE", "RULES", "Objects", "Run", "apply", "panels", "queries", "render", "rules"]

ROLE = Path(__file__).parents[2] / "roles/monitoring"
RULES = (ROLE / "files/recording.yml", ROLE / "files/alerts.yml")
DASHBOARD = ROLE / "files/dashboard.json"
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  roles: [monitoring]
"""
_RENDERING = f"""
- hosts: localhost
  gather_facts: false
  vars_files: [{ROLE}/defaults/main.yml, {ROLE}/vars/main.yml]
  tasks:
    - ansible.builtin.copy:
        content: "{{{{ __monitoring_wanted | to_json }}}}"
        dest: objects.json
        mode: "0600"
"""

Objects = list[dict[str, Any]]


def apply(folder: Path, *options: str, **variables: object) -> Run:
    """Play the role."""
    return play(folder, dict(variables), *options, playbook=PLAYBOOK)


def render(folder: Path, **variables: object) -> Objects:
    """Return the objects that the role would apply."""
    for needed in ("templates", "files"):
        (folder / needed).symlink_to(ROLE / needed)
    run = play(folder, dict(variables), playbook=_RENDERING)
    assert run.ok, run.output
    return list(json.loads((folder / "objects.json").read_text(encoding="utf-8")))


def rules() -> Objects:
    """Return every recording and alerting rule."""
    groups = [group for path in RULES for group in yaml.safe_load(path.read_text(encoding="utf-8"))["groups"]]
    return [rule for group in groups for rule in group["rules"]]


def panels() -> Objects:
    """Return the dashboard's panels."""
    return list(json.loads(DASHBOARD.read_text(encoding="utf-8"))["panels"])


def queries() -> dict[str, str]:
    """Return each panel's queries as Grafana sends them with everything selected, by title and letter."""
    return {
        f"{panel['title']} {target['refId']}": target["expr"].replace("$domain", ".*").replace("$node", ".*")
        for panel in panels()
        for target in panel["targets"]
    }

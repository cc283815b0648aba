"""Runs the role as its users do, by ansible-playbook, and renders its objects without a cluster."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
ROLE = ROOT / "roles/controller_access"
PLAYBOOK = """
- hosts: localhost
  gather_facts: false
  roles: [controller_access]
"""
RENDERING = f"""
- hosts: localhost
  gather_facts: false
  vars_files: [{ROLE}/defaults/main.yml, {ROLE}/vars/main.yml]
  tasks:
    - ansible.builtin.copy:
        content: "{{{{ __controller_access_wanted | to_json }}}}"
        dest: objects.json
        mode: "0600"
"""


@dataclass(frozen=True, slots=True)
class Run:
    """What ansible-playbook said at its end."""

    ok: bool
    changed: int
    output: str


def play(folder: Path, variables: dict[str, object], *options: str, playbook: str = PLAYBOOK) -> Run:
    """Play the role on this machine, from ``folder``."""
    (folder / "playbook.yml").write_text(playbook, encoding="utf-8")
    command = [Path(sys.executable).with_name("ansible-playbook"), "--inventory=localhost,", "--connection=local"]
    known = {"ansible_python_interpreter": sys.executable, **variables}
    done = subprocess.run(
        [*command, f"--extra-vars={json.dumps(known)}", *options, "playbook.yml"],
        cwd=folder,
        env={
            **os.environ,
            "ANSIBLE_ROLES_PATH": str(ROLE.parent),
            "ANSIBLE_COLLECTIONS_PATH": str(ROOT / ".cache/collections"),
            "ANSIBLE_NOCOLOR": "1",
            "TMPDIR": str(folder),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    changed = re.search(r"\bchanged=(\d+)", done.stdout)
    return Run(done.returncode == 0, int(changed[1]) if changed else -1, done.stdout + done.stderr)


def render(folder: Path, **variables: object) -> list[dict[str, Any]]:
    """Return the objects that the role would apply to a cluster that has admission policies."""
    (folder / "templates").symlink_to(ROLE / "templates")
    run = play(folder, dict(variables), playbook=RENDERING)
    assert run.ok, run.output
    return list(json.loads((folder / "objects.json").read_text(encoding="utf-8")))

"""No task shows a secret, at any verbosity and with ``--diff``."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
# What holds or prints one: Secrets and their values, kubeadm's tokens, the administrator's kubeconfig and connection.
SECRET = re.compile(
    r"'kind': 'Secret'|__controller_bootstrap\b|_bootstrap_found\.|token_made|'token', '?create|pagerduty_key \||"
    r"__control_plane_admin\b|kubeconfig_found\.|k8s_cluster_info|join\.yml\.j2"
)
# Whether there is one, or where it is to be looked for, is none.
ABOUT = {"ansible.builtin.assert", "ansible.builtin.debug", "ansible.builtin.fail", "block", "always", "rescue"}


def tasks(content: list[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """Every task of a file, those in blocks too."""
    for task in content:
        yield task
        for part in ("block", "rescue", "always"):
            yield from tasks(task.get(part, []))


def test_what_handles_a_secret_is_not_logged() -> None:
    """As far as these words go; a new kind of secret needs a new word."""
    found, shown = 0, []
    for path in sorted(ROOT.glob("roles/*/tasks/**/*.yml")):
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")) or []):
            body = {name: value for name, value in task.items() if name not in {"when", "until", "name", "register"}}
            if not ABOUT & body.keys() and SECRET.search(str(body)):
                found += 1
                if task.get("no_log") is not True:
                    shown.append(f"{path.relative_to(ROOT)}: {task['name']}")
    assert shown == []
    assert found >= 12


def test_kubeadm_does_not_print_its_tokens() -> None:
    """Neither a whole init nor the phase that makes one, which print it unless told otherwise."""
    for path in ROOT.glob("roles/control_plane/tasks/*.yml"):
        for task in tasks(yaml.safe_load(path.read_text(encoding="utf-8")) or []):
            argv = str(task.get("ansible.builtin.command", {}).get("argv", ""))
            if re.search(r"'kubeadm', 'init', (?!'phase')", argv):
                assert "--skip-token-print" in argv, f"{path.name}: {task['name']}"
    phases = yaml.safe_load((ROOT / "roles/control_plane/vars/main.yml").read_text(encoding="utf-8"))
    assert ["bootstrap-token", "--skip-token-print"] in phases["__control_plane_finish_phases"]

"""One of the collection's playbooks, played as an operator plays it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOWHERE = """
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: only, context: {cluster: none, user: nobody}}]
current-context: only
"""


def played(playbook: str, variables: dict[str, object], *options: str) -> tuple[int, str]:
    """Play it with these variables and return its exit code and all that it said."""
    command = [Path(sys.executable).with_name("ansible-playbook"), *options, f"playbooks/{playbook}.yml"]
    done = subprocess.run(
        [*command, f"--extra-vars={json.dumps(variables)}"],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr

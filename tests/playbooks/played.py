"""A playbook of the collection, played as an operator plays it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

ROOT = Path(__file__).parents[2]
NOWHERE = """
clusters: [{name: none, cluster: {server: "https://127.0.0.1:1"}}]
users: [{name: nobody, user: {token: none}}]
contexts: [{name: only, context: {cluster: none, user: nobody}}]
current-context: only
"""


def played(playbook: str, variables: Mapping[str, object], *options: str) -> tuple[int, str]:
    """Play the file, named from the collection's root, with these variables; return its exit code and all it said."""
    command = [Path(sys.executable).with_name("ansible-playbook"), *options, playbook]
    done = subprocess.run(
        [*command, f"--extra-vars={json.dumps(variables)}"],
        cwd=ROOT,
        env=os.environ | {"ANSIBLE_NOCOLOR": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr

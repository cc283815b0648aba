"""Modules as Ansible runs them: a process of its own each, with the arguments as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

BIN = Path(sys.executable).parent
PACKAGE = "ansible_collections.detnet.qos.plugins.modules"

Module = Callable[..., dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Collection:
    """The collection below ``path``."""

    path: Path

    def module(
        self, module: str, /, *, check: bool = False, variables: Mapping[str, str] | None = None, **arguments: object
    ) -> dict[str, Any]:
        """Run a module, in diff mode, and return its result; ``failed`` tells whether it failed."""
        passed = {**arguments, "_ansible_check_mode": check, "_ansible_diff": True}
        done = subprocess.run(
            [sys.executable, "-m", f"{PACKAGE}.{module}"],
            input=json.dumps({"ANSIBLE_MODULE_ARGS": passed}),
            env=self._environment(PYTHONPATH=str(self.path), **(variables or {})),
            capture_output=True,
            text=True,
            check=False,
            timeout=100,
        )
        assert done.stdout, done.stderr
        result: dict[str, Any] = json.loads(done.stdout)
        warnings = [warning["event"]["msg"] for warning in result.get("warnings", [])]
        return {"failed": False, **result, "warnings": warnings}

    def command(self, program: str, *arguments: str | Path, cwd: Path, **environment: str) -> str:
        """Run one of Ansible's commands and return what it printed; its own words are the failure's message."""
        done = subprocess.run(
            [BIN / program, *arguments],
            cwd=cwd,
            env=self._environment(
                ANSIBLE_COLLECTIONS_PATH=str(self.path),
                ANSIBLE_CALLBACK_RESULT_FORMAT="json",
                ANSIBLE_LOCALHOST_WARNING="false",
                ANSIBLE_INVENTORY_UNPARSED_WARNING="false",
                **environment,
            ),
            capture_output=True,
            text=True,
            check=False,
            timeout=280,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    @staticmethod
    def _environment(**own: str) -> Mapping[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith(("K8S_AUTH_", "KUBECONFIG"))}
        return {**kept, **own}

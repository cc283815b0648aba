# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether variables are known to a role, and have the type that the role says."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from ansible.module_utils.common.arg_spec import ArgumentSpecValidator

from .finding import Finding, shown

_NEAR = 0.75
_WORDS = {
    "str": "a text",
    "int": "a whole number",
    "float": "a number",
    "bool": "true or false",
    "list": "a list",
    "dict": "a mapping of names to values",
    "path": "a path",
}


@dataclass(frozen=True, slots=True)
class Arguments:
    """Everything that the roles and the playbooks read: ``options`` by name, and the prefixes that are theirs."""

    options: Mapping[str, Mapping[str, Any]]
    prefixes: tuple[str, ...]

    @classmethod
    def of_collection(cls, root: Path) -> Arguments:
        """Read the argument specs of all roles, and of the playbooks."""
        options: dict[str, Mapping[str, Any]] = {}
        prefixes = ["detnet_"]
        for path in sorted(root.glob("roles/*/meta/argument_specs.yml")):
            prefixes.append(f"{path.parts[-3]}_")
            for entry in _read(path)["argument_specs"].values():
                options |= entry.get("options", {})
        return cls(options | _read(root / "playbooks/vars/arguments.yml"), tuple(prefixes))

    def judge(self, variables: Mapping[str, object], *, others: Iterable[str] = ()) -> Iterator[Finding]:
        """Yield what is wrong; ``others`` are patterns of names that belong to somebody else."""
        for name, value in variables.items():
            if name in self.options:
                yield from self._mistyped(name, value)
            elif not any(re.fullmatch(pattern, name) for pattern in others):
                yield self._unknown(name)

    def ours(self, name: str) -> bool:
        """Tell whether a variable's name looks like one of ours."""
        return name.startswith(self.prefixes)

    def _mistyped(self, name: str, value: object) -> Iterator[Finding]:
        option = self.options[name]
        if ArgumentSpecValidator({name: dict(option)}).validate({name: value}).error_messages:
            said = shown(name, value, secret=option.get("no_log", False))
            yield Finding(said, f"expected {_expected(option)}")

    def _unknown(self, name: str) -> Finding:
        near = difflib.get_close_matches(name, self.options, n=1, cutoff=_NEAR)
        cure = f"did you mean {near[0]}?" if near else "correct the name, or take it out."
        return Finding(
            name, f"nothing reads it; {cure} If it is not for this collection, add it to detnet_variables_of_others"
        )


def _expected(option: Mapping[str, Any]) -> str:
    kind = option.get("type", "str")
    words = _WORDS.get(kind, kind)
    if kind == "list" and "elements" in option:
        words = f"{words}, each entry {_WORDS.get(option['elements'], option['elements'])}"
    if "choices" in option:
        choices = ", ".join(str(choice) if choice != "" else "nothing" for choice in option["choices"])
        words = f"{words}, of {choices}" if kind == "list" else f"one of {choices}"
    if "options" in option:
        words += f" with {', '.join(option['options'])}"
    return words


def _read(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))

"""A role's defaults, its typed arguments and its README name the same variables with the same values."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

ROOT = Path(__file__).parents[2]
ROLES = sorted(path.parent.parent for path in ROOT.glob("roles/*/tasks/main.yml"))


def _load(path: Path) -> dict[str, Any]:
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


def test_there_are_roles() -> None:
    """The checks below look at something."""
    assert ROLES


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_arguments_defaults_and_readme_agree(role: Path) -> None:
    """A variable that is documented exists, one that exists is documented, and all say the same default."""
    defaults = _load(role / "defaults/main.yml")
    options = _load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    table = set(re.findall(r"^\| `(\w+)` \|", (role / "README.md").read_text(encoding="utf-8"), flags=re.MULTILINE))
    optional = {name: option["default"] for name, option in options.items() if not option.get("required")}
    assert optional == defaults
    assert set(options) == table


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_variables_carry_the_name_of_their_role(role: Path) -> None:
    """Public variables begin with the role's name, private ones with two underscores before it."""
    private = _load(role / "vars/main.yml") if (role / "vars/main.yml").exists() else {}
    assert all(name.startswith(f"{role.name}_") for name in _load(role / "defaults/main.yml"))
    assert all(name.startswith(f"__{role.name}_") for name in private)


@pytest.mark.parametrize("role", ROLES, ids=lambda path: path.name)
def test_arguments_are_typed(role: Path) -> None:
    """Every argument states its type and its meaning, so that a wrong value is refused before anything changes."""
    options = _load(role / "meta/argument_specs.yml")["argument_specs"]["main"]["options"]
    assert [name for name, option in options.items() if "type" not in option or "description" not in option] == []

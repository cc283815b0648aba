"""What a user writes into a variable stays a text in the YAML that a role makes of it: ``666`` is a name."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

import pytest
import yaml

ROOT = Path(__file__).parents[2]
# Not YAML, but sentences: what the role cilium says of nodes.
SENTENCES = {"not_ready.yml.j2", "too_old.yml.j2", "unfit.yml.j2", "warnings.yml.j2"}
MACROS = {"objects.j2", "policy.j2", "programs.j2", "kubeconfig.j2"}
TEMPLATES = sorted(
    path
    for path in ROOT.glob("roles/*/templates/**/*.j2")
    if path.name not in SENTENCES and (path.name in MACROS or path.name.endswith(".yml.j2"))
)
BARE = re.compile(r"(?:: |\[|, |- |\{)\{\{ (?P<variable>\w+) \}\}(?=\s*$|[,}\]])", re.MULTILINE)


@cache
def texts() -> set[str]:
    """The variables that are texts."""
    specs = [yaml.safe_load(path.read_text()) for path in ROOT.glob("roles/*/meta/argument_specs.yml")]
    options = [entry.get("options", {}) for one in specs for entry in one["argument_specs"].values()]
    return {name for some in options for name, option in some.items() if option["type"] == "str"}


def test_there_are_templates() -> None:
    """The check below looks at something."""
    assert len(TEMPLATES) > 20
    assert "worker_node_name" in texts()


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: f"{path.parts[-3]}-{path.name}")
def test_texts_are_quoted(template: Path) -> None:
    """By ``to_json`` of a text, or by quotes around them."""
    lines = [line for line in template.read_text(encoding="utf-8").splitlines() if not line.lstrip().startswith("{#")]
    found = [
        hit["variable"]
        for line in lines
        for hit in BARE.finditer(line)
        if line[: hit.start()].count('"') % 2 == 0 and line[: hit.start()].count("'") % 2 == 0
    ]
    assert set(found) & texts() == set()

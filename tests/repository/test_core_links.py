"""What modules and controller share has one source: real files in the collection, one link each in the controller."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
REAL = ROOT / "plugins/module_utils"
LINKS = ROOT / "files/controller/src/detnet"
FOLDERS = ("control", "model", "sources", "kubernetes/access", "kubernetes/objects")
# A kubeconfig is YAML, and whoever talks to a cluster has PyYAML: imported where a file is read, by this file alone.
FURTHER = {"kubernetes/access/kubeconfig.py": {"yaml"}}
CLIENTS = ("kubernetes", "urllib3", "ansible_collections.kubernetes")
SHARED = [path for folder in FOLDERS for path in sorted(REAL.glob(f"{folder}/*.py"))]


def test_every_module_has_one_link_and_no_link_is_stale() -> None:
    """The two trees hold the same names, and each link in the controller resolves to the collection's file."""
    links = {path.relative_to(LINKS): path for path in LINKS.rglob("*.py") if path.is_symlink()}
    assert set(links) == {path.relative_to(REAL) for path in SHARED}
    for name, link in links.items():
        assert link.resolve(strict=True) == (REAL / name).resolve()
        assert not link.readlink().is_absolute(), f"{name} would break in another checkout"


@pytest.mark.parametrize("module", SHARED, ids=lambda path: str(path.relative_to(REAL)))
def test_modules_use_the_standard_library_and_each_other_only(module: Path) -> None:
    """Ansible ships only relative imports with a module, and a host has no third-party library."""
    allowed = sys.stdlib_module_names | FURTHER.get(str(module.relative_to(REAL)), set())
    for node in ast.walk(ast.parse(module.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level == 0:
            assert (node.module or "").split(".")[0] in allowed
        if isinstance(node, ast.Import):
            assert all(alias.name.split(".")[0] in allowed for alias in node.names)


def test_nothing_of_ours_imports_the_python_client() -> None:
    """It answers otherwise than kubectl (docs/decisions/0015-one-answer-to-which-cluster.md)."""
    roots = (ROOT / "plugins", ROOT / "files/controller/src", ROOT / "files/lab/src")
    for path in (path for root in roots for path in root.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom) and node.level == 0:
                names.append(node.module or "")
            assert not any(name.startswith(CLIENTS) for name in names), path

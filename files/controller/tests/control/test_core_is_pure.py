"""The core has no clock, no I/O, no third-party import and no assert: it runs anywhere and is the same everywhere."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest

import detnet.control
import detnet.model

MODULES = sorted(
    path for each in (detnet.control, detnet.model) for path in Path(str(each.__file__)).parent.glob("*.py")
)
IMPURE = {"time", "os", "sys", "socket", "subprocess", "random", "datetime", "threading", "pathlib", "io", "secrets"}
CALLS = {"open", "print", "input", "exec", "eval", "__import__"}

every_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


def nodes(path: Path) -> list[ast.AST]:
    """Return everything in a module."""
    return list(ast.walk(ast.parse(path.read_text())))


def test_there_are_modules_to_look_at() -> None:
    """An empty list would pass every test below."""
    assert {"decide", "guard", "rate", "windows"} <= {path.stem for path in MODULES}


@every_module
def test_a_module_imports_the_standard_library_and_its_neighbours_only(path: Path) -> None:
    """Relative imports, so that the same file works as detnet.control and as an Ansible module_utils."""
    for node in nodes(path):
        if isinstance(node, ast.Import):
            names = [alias.name.split(".")[0] for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            names = [(node.module or "").split(".")[0]]
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 1 or (node.module or "").split(".")[0] in {"control", "model"}, f"line {node.lineno}"
            continue
        else:
            continue
        assert set(names) <= sys.stdlib_module_names - IMPURE, f"line {node.lineno} imports {names}"


@every_module
def test_a_module_neither_asserts_nor_touches_the_world(path: Path) -> None:
    """An assert vanishes under -O, and a print or an open file is a side effect."""
    for node in nodes(path):
        assert not isinstance(node, ast.Assert), f"line {node.lineno} asserts"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            assert node.func.id not in CALLS, f"line {node.lineno} calls {node.func.id}"


@every_module
def test_a_module_keeps_no_state_of_its_own(path: Path) -> None:
    """No global statement and no mutable global: what the next pass must know is handed to it."""
    assert not any(isinstance(node, ast.Global) for node in nodes(path))
    for node in ast.parse(path.read_text()).body:
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.List | ast.Set | ast.ListComp):
            pytest.fail(f"line {node.lineno} is a global that can be changed")

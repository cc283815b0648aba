"""What users bring is documented with the test that proves it, and replayed by one command."""

from __future__ import annotations

import re
import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
_TEST = re.compile(r"`((?:files/\w+/)?tests/[\w/]+/test_\w+\.py)`")
_UNITS = "tests/unit/"  # by ansible-test, which scripts/test runs first


@pytest.fixture(scope="module")
def replayed() -> set[str]:
    """The files whose tests are replayed."""
    kinds = runpy.run_path(str(ROOT / "conftest.py"))["REPLAYED"]
    paths = [path for kind in kinds.values() for path in kind]
    assert len(set(paths)) == len(paths)
    return set(paths)


@pytest.fixture(scope="module")
def named() -> set[str]:
    """The files that the page names."""
    return set(_TEST.findall((ROOT / "docs/start/compatibility.md").read_text(encoding="utf-8")))


def test_the_page_and_the_replay_name_the_same_tests(replayed: set[str], named: set[str]) -> None:
    """A case without its test is a promise, and a test without its case is found by nobody."""
    assert {path for path in named if not path.startswith(_UNITS)} == replayed


def test_every_named_test_is_there(named: set[str]) -> None:
    """A file that was renamed takes its case along."""
    assert [path for path in sorted(named) if not (ROOT / path).is_file()] == []


def test_every_case_has_a_test() -> None:
    """Each row of the tables of cases ends with the test that proves it, or says that there is none."""
    page = (ROOT / "docs/start/compatibility.md").read_text(encoding="utf-8").partition("## What users bring")[2]
    rows = [line for line in page.splitlines() if line.startswith("| ") and not line.endswith(" tested by |")]
    told = re.compile(r"test_\w+\.py`|\bthe same\b|\bnothing: documented only|\bnot tested|\brendered: ")
    assert len(rows) > 40
    assert [row for row in rows if not told.search(row.rstrip(" |").rpartition("|")[2])] == []

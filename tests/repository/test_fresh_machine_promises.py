"""What a fresh machine needs is said in one place, and each Make target runs in the environment that it makes."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from fresh_machines.readme import commands, prerequisites

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
RULE = re.compile(r"^(?P<target>[a-z-]+): (?P<stamp>\.venv\S*)\.stamp.*\n(?P<recipe>(?:\t.*\n)+)", re.MULTILINE)
ENVIRONMENT = re.compile(r"\.venv(?:-dev|-docs)?(?=/bin)")


def test_the_quick_start_is_what_test_fresh_types() -> None:
    """``make test-fresh`` installs and types what the README says."""
    assert prerequisites(README) == ["git", "make", "python3"]
    assert commands(README) == ["make lab", "make test"]


def test_another_prerequisite_is_not_overlooked() -> None:
    """A README that asks for more than a fresh machine is given is an error, not a guess."""
    with pytest.raises(ValueError, match="asks for Docker"):
        prerequisites(README.replace("with git, make and Python", "with git, Docker, make and Python", 1))


def test_the_long_quick_start_asks_for_the_same() -> None:
    """docs/start/quickstart.md names the README's prerequisites."""
    said = re.search(r"with (git, make and Python [\d.]+ or newer)", README)
    assert said is not None
    assert said[1] in (ROOT / "docs/start/quickstart.md").read_text(encoding="utf-8")


def _run_by(recipe: str) -> list[str]:
    """The recipe and the text of all scripts that it runs, and that those run, without comments."""
    texts, unread = {"": recipe}, [recipe]
    while unread:
        for name in set(re.findall(r"(?<![\w/])scripts/([a-z-]+)", unread.pop())) - set(texts):
            texts[name] = re.sub(r"#.*", "", (ROOT / "scripts" / name).read_text(encoding="utf-8"))
            unread.append(texts[name])
    return list(texts.values())


def test_each_target_runs_in_the_environment_that_it_makes() -> None:
    """One that ran in another's would work only after that."""
    rules = list(RULE.finditer((ROOT / "Makefile").read_text(encoding="utf-8")))
    assert {rule["target"] for rule in rules} >= {"lab", "test", "lint", "bench", "molecule", "benchmarks", "docs"}
    for rule in rules:
        used = {each for text in _run_by(rule["recipe"]) for each in ENVIRONMENT.findall(text)}
        assert used == {rule["stamp"].partition("/")[0]}, rule["target"]


def test_the_environments_are_made_apart() -> None:
    """A user's never holds what only developers need, which would hide what it lacks."""
    for name, stamp in (("lab", ".venv/lab.stamp"), ("dev", ".venv-dev/dev.stamp"), ("docs", ".venv-docs/docs.stamp")):
        told = subprocess.run(
            ["make", "--no-print-directory", "--dry-run", "--always-make", stamp],
            cwd=ROOT,
            capture_output=True,
            text=True,
            check=True,
        )
        assert told.stdout.split() == ["scripts/bootstrap", name]
    lab = (ROOT / "requirements/lab.txt").read_text(encoding="utf-8")
    assert re.findall(r"^(ansible|pytest|molecule|kubernetes|ansible-lint)==", lab, flags=re.MULTILINE) == []

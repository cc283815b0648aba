"""A clone in another folder works: nothing in the repository points back to where it was made."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

import yaml

ROOT = Path(__file__).parents[2]
# Text that only makes sense on one machine, or that promises work instead of doing it (split, to not find itself).
FOREIGN = re.compile(
    r"/(?:home|Users)/[a-z]|/ro{2}t\b|fil[e]:///(?!srv/)|(?<![\w.])/wor[k]/|py[p]i\.org|pythonhoste[d]|-ind[e]x-url\b.*http|"
    r"\bTO[D]O\b|\bFIX[M]E\b|\bX{3}\b"
)


def _git(*arguments: str, cwd: Path = ROOT) -> str:
    return subprocess.run(["git", *arguments], cwd=cwd, capture_output=True, text=True, check=True).stdout


def test_a_clone_elsewhere_imports_the_controller(tmp_path: Path) -> None:
    """The links of the core are relative, so the clone's own files are imported."""
    _git("clone", "--quiet", str(ROOT), str(tmp_path / "clone"))
    source = tmp_path / "clone/files/controller/src"
    code = "import detnet.model.rate as r, os; print(os.path.realpath(r.__file__))"
    command = [sys.executable, "-S", "-c", f"import sys; sys.path.insert(0, {str(source)!r}); {code}"]
    found = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=True).stdout.strip()
    assert found == str((tmp_path / "clone/plugins/module_utils/model/rate.py").resolve())


def test_tracked_files_are_fit_for_everybody() -> None:
    """No path of one machine, no registry's address, no promise of later work."""
    paths = [ROOT / name for name in _git("ls-files").splitlines()]
    texts = [path for path in paths if path.is_file() and path.suffix != ".png"]
    found = [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in texts
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if FOREIGN.search(line)
    ]
    assert found == []


def test_the_requirements_are_pinned_by_hash() -> None:
    """Each requirement names one version and at least one hash, for every supported Python."""
    for path in sorted(ROOT.glob("requirements/*.txt")):
        entries = re.sub(r"\\\n", " ", path.read_text(encoding="utf-8")).splitlines()
        pins = [entry for entry in entries if entry and not entry.lstrip().startswith("#")]
        assert pins
        assert [pin for pin in pins if not re.match(r"[a-z0-9._-]+==\S+ .*--hash=sha256:", pin)] == []


def test_the_requirements_cover_the_controller_and_the_lab() -> None:
    """``make requirements`` was run after the last change of their dependencies."""
    controller, lab = _project("controller"), _project("lab")
    extras = [each for extra in controller["optional-dependencies"].values() for each in extra]
    for name in ("lab", "dev"):
        entries = [*controller["dependencies"], *lab["dependencies"], *extras]
        wanted = {re.split(r"[\[<>=~!; ]", entry)[0] for entry in entries} - {controller["name"]}
        text = (ROOT / f"requirements/{name}.txt").read_text(encoding="utf-8")
        assert wanted <= set(re.findall(r"^([a-z0-9._-]+)==", text, flags=re.MULTILINE)), name


def test_one_version_everywhere() -> None:
    """The collection, the Python packages and the newest changelog entry carry the same version."""
    collection = yaml.safe_load((ROOT / "galaxy.yml").read_text(encoding="utf-8"))["version"]
    released = yaml.safe_load((ROOT / "changelogs/changelog.yaml").read_text(encoding="utf-8"))["releases"]
    newest = max(released, key=lambda text: [int(part) for part in text.split(".")])
    assert {collection, newest, _project("controller")["version"], _project("lab")["version"]} == {collection}
    assert f"detnet-qos[tc]=={collection}" in _project("lab")["dependencies"]


def _project(name: str) -> dict[str, Any]:
    return dict(tomllib.loads((ROOT / f"files/{name}/pyproject.toml").read_text(encoding="utf-8"))["project"])

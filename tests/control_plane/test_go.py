"""A real build of a module from a module proxy of the test's own: its pins, its siblings, its version."""

from __future__ import annotations

import json
import subprocess
import zipfile
from pathlib import Path

import pytest

from control_plane import go
from control_plane.steps import BuildError

MAIN = """package main

import "fmt"
import "test.example/greeter/words"

var version = "unknown"

func main() { fmt.Println(words.Greeting, version) }
"""
GREETER = """module test.example/greeter

go {go}

require test.example/greeter/words v0.0.0

replace test.example/greeter/words => ./staging/src/test.example/greeter/words

replace test.example/forbidden => ./FORBIDDEN_DEPENDENCY
"""
WORDS = "module test.example/greeter/words\n\ngo 1.21\n"


def publish(proxy: Path, path: str, version: str, files: dict[str, str]) -> None:
    """Put a module into the proxy (https://go.dev/ref/mod#goproxy-protocol)."""
    folder = proxy / path / "@v"
    folder.mkdir(parents=True)
    (folder / f"{version}.info").write_text(json.dumps({"Version": version}))
    (folder / f"{version}.mod").write_text(files["go.mod"])
    with zipfile.ZipFile(folder / f"{version}.zip", "w") as archive:
        for name, text in files.items():
            archive.writestr(f"{path}@{version}/{name}", text)


@pytest.fixture
def proxy(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty proxy that is the only one; its modules are in no public checksum database."""
    folder = tmp_path / "proxy"
    monkeypatch.setenv("GOPROXY", folder.as_uri())
    monkeypatch.setenv("GONOSUMDB", "test.example")
    monkeypatch.setenv("GOMODCACHE", str(tmp_path / "modules"))
    monkeypatch.setenv("GOFLAGS", "-modcacherw")
    return folder


def greeter(proxy: Path, needs: str = "1.21") -> go.Module:
    """A program that imports a module of its own repository, as Kubernetes' do."""
    publish(
        proxy,
        "test.example/greeter/words",
        "v0.4.2",
        {"go.mod": WORDS, "w.go": 'package words\nconst Greeting = "hello"\n'},
    )
    publish(
        proxy,
        "test.example/greeter",
        "v1.4.2",
        {"go.mod": GREETER.format(go=needs), "go.sum": "", "cmd/hi/main.go": MAIN},
    )
    return go.Module(
        path="test.example/greeter",
        version="v1.4.2",
        packages={"hi": "test.example/greeter/cmd/hi"},
        siblings="v0.4.2",
        stamps={"main.version": "v1.4.2"},
    )


def test_a_program_is_built_with_the_siblings_of_its_release(proxy: Path, tmp_path: Path) -> None:
    """A folder of the repository, which the module does not hold, becomes the sibling's own release."""
    target = tmp_path / "bin"
    target.mkdir()
    go.build(greeter(proxy), ["hi"], target)
    assert subprocess.run([target / "hi"], check=True, capture_output=True, text=True).stdout == "hello v1.4.2\n"
    assert [file.name for file in target.iterdir()] == ["hi"]


def test_a_module_that_no_go_here_can_build_is_told(
    proxy: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What it asks for, and what to do."""
    here = go._Go.newest()  # noqa: SLF001 - what PyPI has is not newer
    monkeypatch.setattr(go._Go, "pinned", classmethod(lambda _cls: here))  # noqa: SLF001
    with pytest.raises(BuildError, match=r"greeter v1\.4\.2 asks for Go 1\.99: put one on PATH"):
        go.build(greeter(proxy, needs="1.99"), ["hi"], tmp_path)


def test_a_version_that_no_proxy_has_is_told(proxy: Path, tmp_path: Path) -> None:
    """With Go's own words."""
    proxy.mkdir()
    with pytest.raises(BuildError, match=r"mod download -json test\.example/greeter@v9\.9\.9 failed"):
        go.download(go.Module("test.example/greeter", "v9.9.9", {}), tmp_path)

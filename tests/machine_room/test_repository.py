"""A repository of the room is one to apt: signed, and refused when it was changed."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from machine_room import package, repository
from machine_room.package import Package


@pytest.fixture
def offered(tmp_path: Path) -> Path:
    """A repository with one package in one suite."""
    folder = tmp_path / "offered"
    folder.mkdir()
    package.make(Package("containerd.io", "2.0.0-1", {"usr/share/one": "1\n"}), tmp_path / "work", folder)
    repository.suite(folder, "bookworm", "stable")
    return folder


def _apt(folder: Path, offered: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    (folder / "lists/partial").mkdir(parents=True, exist_ok=True)
    source = f"deb [signed-by={offered / repository.KEY}] file:{offered} bookworm stable\n"
    (folder / "sources.list").write_text(source)
    settings = {
        "Dir::Etc::SourceList": folder / "sources.list",
        "Dir::Etc::SourceParts": "-",
        "Dir::State::Lists": folder / "lists",
        "Dir::State::Status": "/dev/null",
        "Dir::Cache": folder,
        "APT::Sandbox::User": "root",  # apt's own user may not enter this folder
    }
    options = [word for name, value in settings.items() for word in ("--option", f"{name}={value}")]
    command = ["apt-get", *options, *arguments]
    return subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)


@pytest.mark.root
def test_apt_finds_the_package_by_the_repositorys_key(tmp_path: Path, offered: Path) -> None:
    """As the roles do, who trust no repository without a key."""
    updated = _apt(tmp_path, offered, "update")
    assert (updated.returncode, "W:" in updated.stderr) == (0, False), updated.stderr
    found = _apt(tmp_path, offered, "--print-uris", "download", "containerd.io=2.0.0*")
    assert "containerd.io_2.0.0-1_" in found.stdout, found.stderr


@pytest.mark.root
def test_apt_refuses_a_list_that_was_changed(tmp_path: Path, offered: Path) -> None:
    """The signature covers what the list says."""
    (listing,) = offered.glob("dists/bookworm/stable/binary-*/Packages")
    listing.write_text(listing.read_text().replace("2.0.0-1", "2.0.0-2"))
    refused = _apt(tmp_path, offered, "update")
    assert "E: " in refused.stderr
    assert "bookworm" in refused.stderr

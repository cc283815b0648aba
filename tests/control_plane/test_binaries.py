"""Where the control plane's programs come from: envtest's convention, one release at a time, never from two places."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from control_plane import MissingBinariesError, binaries, releases

CURRENT, OTHER = "1.36.5", "1.37.2"


def stand_ins(folder: Path, programs: Sequence[str] = binaries.PROGRAMS, version: str = CURRENT) -> Path:
    """A folder with programs of these names, which say that they are of this version."""
    folder.mkdir(parents=True)
    for program in programs:
        (folder / program).write_text(f"#!/bin/sh\necho Kubernetes v{version}\n")
        (folder / program).chmod(0o755)
    return folder


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No programs anywhere until the test puts them there."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.delenv("KUBERNETES", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(binaries, "CACHE", tmp_path / "cache")
    monkeypatch.setattr(releases, "wanted", lambda: CURRENT)


def test_assets_come_before_path_and_path_before_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each place is used as soon as those before it have nothing."""
    cached = stand_ins(tmp_path / "cache" / CURRENT / "bin")
    assert binaries.find().kube_apiserver.parent == cached
    installed = stand_ins(tmp_path / "path")
    assert binaries.find().kube_apiserver.parent == installed
    assets = stand_ins(tmp_path / "assets")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    assert binaries.find().kube_apiserver.parent == assets


def test_another_release_in_the_cache_is_not_taken(tmp_path: Path) -> None:
    """Each release has a cache of its own: the newest of them is not what was asked for."""
    stand_ins(tmp_path / "cache" / OTHER / "bin", version=OTHER)
    with pytest.raises(MissingBinariesError, match=f"no control plane of Kubernetes {CURRENT}"):
        binaries.find()


def test_an_incomplete_place_is_passed_over(tmp_path: Path) -> None:
    """A lone kubectl on PATH does not meet an API server of another release."""
    stand_ins(tmp_path / "path", ["kubectl"])
    cached = stand_ins(tmp_path / "cache" / CURRENT / "bin")
    assert binaries.find().kubectl.parent == cached


def test_a_release_that_was_asked_for_is_not_replaced_by_what_path_has(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """``KUBERNETES=1.37 make test`` never runs on the 1.36 that happens to be installed."""
    stand_ins(tmp_path / "path", version=OTHER)
    cached = stand_ins(tmp_path / "cache" / CURRENT / "bin")
    monkeypatch.setenv("KUBERNETES", CURRENT)
    assert binaries.find().kube_apiserver.parent == cached


def test_assets_of_another_release_than_asked_for_are_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two wishes that contradict each other are told, not resolved in silence."""
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(stand_ins(tmp_path / "assets", version=OTHER)))
    monkeypatch.setenv("KUBERNETES", CURRENT)
    with pytest.raises(MissingBinariesError, match=f"has {OTHER}, and KUBERNETES asks for {CURRENT}"):
        binaries.find()


def test_incomplete_assets_are_an_error_that_names_what_is_missing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who names a folder wants that one; envtest's own archive lacks the controllers."""
    assets = stand_ins(tmp_path / "assets", ["etcd", "kube-apiserver", "kubectl"])
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    with pytest.raises(MissingBinariesError, match=r"has no kube-controller-manager$"):
        binaries.find()


def test_nothing_anywhere_is_an_error_that_says_what_to_run() -> None:
    """The sentence is what a skipped test shows."""
    with pytest.raises(MissingBinariesError, match="run scripts/control-plane build"):
        binaries.find()

"""Where the control plane's programs come from: envtest's convention, and never from two places at once."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from control_plane import MissingBinariesError, binaries


def stand_ins(folder: Path, programs: Sequence[str] = binaries.PROGRAMS) -> Path:
    """A folder with executable files of these names."""
    folder.mkdir()
    for program in programs:
        (folder / program).touch(mode=0o755)
    return folder


@pytest.fixture(autouse=True)
def nothing_installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No programs anywhere until the test puts them there."""
    monkeypatch.delenv("KUBEBUILDER_ASSETS", raising=False)
    monkeypatch.setenv("PATH", str(tmp_path / "path"))
    monkeypatch.setattr(binaries, "CACHE", tmp_path / "cache")


def test_assets_come_before_path_and_path_before_what_was_built(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each place is used as soon as those before it have nothing."""
    (tmp_path / "cache" / "1.20.2").mkdir(parents=True)
    built = stand_ins(tmp_path / "cache" / "1.20.2" / "bin")
    assert binaries.find().kube_apiserver.parent == built
    installed = stand_ins(tmp_path / "path")
    assert binaries.find().kube_apiserver.parent == installed
    assets = stand_ins(tmp_path / "assets")
    monkeypatch.setenv("KUBEBUILDER_ASSETS", str(assets))
    assert binaries.find().kube_apiserver.parent == assets


def test_an_incomplete_place_is_passed_over(tmp_path: Path) -> None:
    """A lone kubectl on PATH does not meet an API server of another release."""
    stand_ins(tmp_path / "path", ["kubectl"])
    (tmp_path / "cache" / "1.20.2").mkdir(parents=True)
    built = stand_ins(tmp_path / "cache" / "1.20.2" / "bin")
    assert binaries.find().kubectl.parent == built


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

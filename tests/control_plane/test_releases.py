"""``KUBERNETES`` chooses the release that the tests run on."""

from __future__ import annotations

import pytest

from control_plane import releases


@pytest.mark.parametrize("line", releases.ETCD)
@pytest.mark.parametrize("form", ["{}", "v{}"])
def test_a_line_means_its_newest_known_patch(line: str, form: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each line of the tests has a row in the profile table."""
    monkeypatch.setenv("KUBERNETES", form.format(line))
    assert releases.line(releases.wanted()) == line
    assert releases.wanted() == releases.latest(line)


def test_a_patch_is_taken_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who looks for the patch that broke something names it in full."""
    monkeypatch.setenv("KUBERNETES", "1.36.0")
    assert releases.wanted() == "1.36.0"


@pytest.mark.parametrize("asked", [None, ""])
def test_without_a_wish_it_is_what_a_user_installs(asked: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The profile ``current``, which must be one of the tests' lines."""
    monkeypatch.delenv("KUBERNETES", raising=False)
    if asked is not None:
        monkeypatch.setenv("KUBERNETES", asked)
    assert releases.line(releases.wanted()) in releases.ETCD


@pytest.mark.parametrize("asked", ["1.20", "1", "2.36", "latest", "1.36.x", "1.37.2.1", "current"])
def test_what_is_no_release_of_the_tests_is_refused(asked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The message lists those that are."""
    monkeypatch.setenv("KUBERNETES", asked)
    with pytest.raises(releases.UnknownReleaseError, match=r"is none of 1\.34, .*1\.37"):
        releases.wanted()

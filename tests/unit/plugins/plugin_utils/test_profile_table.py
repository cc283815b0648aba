"""The table of versions holds together: what is installed by default works, gets fixes, and is the same everywhere."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from ansible_collections.detnet.qos.plugins.plugin_utils.versions import judge

ROOT = Path(__file__).parents[4]
DIGEST = re.compile(r"sha256:[0-9a-f]{64}")


def variables(role: str, where: str = "vars") -> dict[str, Any]:
    """The variables that a role comes with."""
    return dict(yaml.safe_load((ROOT / "roles" / role / where / "main.yml").read_text(encoding="utf-8")))


PROFILE = variables("profile")
AS_OF = PROFILE["__profile_as_of"]
CURRENT = PROFILE["__profile_table"]["current"]
SUPPORT = PROFILE["__profile_support"]
OTHERS = PROFILE["__profile_others"]
MONITORING = variables("monitoring", "defaults")
IMAGES = {name: MONITORING[f"monitoring_{name}_image"] for name in ("alertmanager", "grafana", "prometheus")}


def line(version: str) -> str:
    """The minor release."""
    return ".".join(version.split(".")[:2])


def number(release: str) -> tuple[int, ...]:
    """To compare releases by."""
    return tuple(int(part) for part in release.split("."))


def test_nothing_is_to_be_said_against_the_current_profile() -> None:
    """On the day of the table each version gets fixes, is the newest of its line, and fits the others."""
    assert [str(each) for each in judge(CURRENT, SUPPORT, today=AS_OF, refuse_old=True)] == []


def test_the_current_profile_is_judged_at_all() -> None:
    """Silence of a line that the table does not know would look the same."""
    rows = {name: SUPPORT[name][line(version)] for name, version in CURRENT.items()}
    assert rows["kubernetes"].keys() >= {"end", "latest", "containerd"}
    assert rows["containerd"].keys() >= {"end", "latest"}
    assert rows["cilium"].keys() >= {"kubernetes", "latest"}


def test_each_line_that_still_gets_fixes_names_the_containerd_it_needs() -> None:
    """Else a pair that cannot work would pass."""
    alive = {name: row for name, row in SUPPORT["kubernetes"].items() if row["end"] >= AS_OF}
    assert {name for name, row in alive.items() if "containerd" not in row or "latest" not in row} == set()


@pytest.mark.parametrize("product", [*SUPPORT, *OTHERS])
def test_dates_and_patches_have_the_form_that_they_are_compared_in(product: str) -> None:
    """A date that YAML makes one, or a patch of another line, would be compared wrongly and silently."""
    for name, row in (SUPPORT | OTHERS)[product].items():
        assert re.fullmatch(r"\d{4}-\d\d-\d\d", row.get("end", AS_OF)), (product, name)
        assert line(row.get("latest", f"{name}.0")) == name, (product, name)


@pytest.mark.parametrize("product", sorted(IMAGES))
def test_the_monitoring_runs_what_the_table_names(product: str) -> None:
    """By tag, from a line that gets fixes."""
    ((name, row),) = OTHERS[product].items()
    assert IMAGES[product].split(":")[-1].removeprefix("v") == row["latest"], name
    assert row.get("end", AS_OF) >= AS_OF


def test_images_of_the_robot_factory_are_pinned_by_digest() -> None:
    """A tag alone can be moved."""
    pinned = variables("robot_factory", "defaults")
    for name in ("web", "traffic"):
        tag, digest = pinned[f"robot_factory_{name}_image"].split("@")
        assert ":" in tag
        assert DIGEST.fullmatch(digest)


def test_each_chart_of_a_profile_has_a_checksum() -> None:
    """And one that could be a SHA-256."""
    checksums = variables("cilium")["__cilium_checksums"]
    assert checksums.keys() == {profile["cilium"] for profile in PROFILE["__profile_table"].values()}
    assert all(DIGEST.fullmatch(checksum) for checksum in checksums.values())


def test_the_collection_asks_for_releases_of_ansible_that_get_fixes() -> None:
    """The floor is the oldest line that does on the day of the table; the tests run on it and on the newest."""
    alive = {name for name, row in OTHERS["ansible_core"].items() if row["end"] >= AS_OF}
    oldest, newest = min(alive, key=number), max(alive, key=number)
    runtime = yaml.safe_load((ROOT / "meta/runtime.yml").read_text(encoding="utf-8"))
    roles = [yaml.safe_load(path.read_text(encoding="utf-8")) for path in sorted(ROOT.glob("roles/*/meta/main.yml"))]
    locked = re.findall(
        r"^ansible-core==(\S+)", (ROOT / "requirements/lab.txt").read_text(encoding="utf-8"), re.MULTILINE
    )
    assert alive == set(OTHERS["ansible_core"])
    assert runtime["requires_ansible"] == f">={oldest}.0"
    assert {role["galaxy_info"]["min_ansible_version"] for role in roles} == {oldest}
    assert locked == [OTHERS["ansible_core"][name]["latest"] for name in (oldest, newest)]

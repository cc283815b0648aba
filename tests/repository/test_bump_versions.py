"""scripts/bump-versions against answers in the forms that its sources document, on a copy of what it writes."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Mapping
from pathlib import Path

import pytest
import yaml

from upstream.__main__ import main
from upstream.sources import Readers, UnreadableError
from upstream.table import Table

ROOT = Path(__file__).parents[2]
WRITTEN = (
    "roles/profile/vars/main.yml",
    "roles/profile/README.md",
    "roles/cilium/vars/main.yml",
    "roles/monitoring/defaults/main.yml",
    "roles/monitoring/meta/argument_specs.yml",
    "roles/monitoring/README.md",
    "docs/start/compatibility.md",
)
TODAY = "2027-01-31"
OTHER = "sha256:" + 64 * "5"

Bump = Callable[..., int]
VALUES = yaml.safe_load((ROOT / WRITTEN[0]).read_text(encoding="utf-8"))
CURRENT: dict[str, str] = VALUES["__profile_table"]["current"]
GRAFANA = next(row for row in Table(ROOT).rows if row.product == "grafana")


def next_of(version: str) -> str:
    """A patch that is newer, and would not be if it were compared as text."""
    line, patch = version.rsplit(".", 1)
    return f"{line}.{int(patch) + 100}"


class Upstream:
    """Answers as if each product had released exactly what the table has, unless told otherwise."""

    def __init__(self, table: Table) -> None:
        self.releases = {row.product: [] for row in table.rows}  # type: dict[str, list[str]]
        self.ends: dict[str, dict[str, str]] = {row.product: {} for row in table.rows}
        for row in table.rows:
            if row.latest:
                self.releases[row.product].append(row.latest)
            if row.end:
                self.ends[row.product][row.line] = row.end
        self.digests = dict(table.checksums)
        self.instead: dict[str, str | None] = {}

    def address(self, url: str) -> str:
        """What is at an address; an answer of None is silence."""
        for part, answer in self.instead.items():
            if part in url:
                if answer is None:
                    raise UnreadableError(f"{url} cannot be read from here: no way.")
                return answer
        name = url.rsplit("/", 1)[-1]
        if "dl.k8s.io" in url:
            line = name.removesuffix(".txt").removeprefix("stable").removeprefix("-")
            return [f"v{each}\n" for each in self.releases["kubernetes"] if each.startswith(line)][-1]
        if "api.github.com" in url:
            tags = [f"v{each}" for each in self.releases[url.split("/")[5]]]
            rows = [{"tag_name": tag, "prerelease": False, "draft": False} for tag in tags]
            return json.dumps([{"tag_name": "v9.9.9", "prerelease": True, "draft": False}, *rows])
        if "helm.cilium.io" in url:
            entries = [
                {"version": each, "digest": self.digests.get(each, OTHER).removeprefix("sha256:")}
                for each in ["9.9.9-rc.0", *self.releases["cilium"], *self.digests]
            ]
            return yaml.safe_dump({"entries": {"cilium": entries}})
        rows = [{"name": line, "eolFrom": end} for line, end in self.ends[name.replace("-", "_")].items()]
        return json.dumps({"result": {"releases": [*rows, {"name": "0.1", "eolFrom": None}]}})

    def package(self, name: str) -> str:
        """What pip says."""
        releases = self.releases[name.replace("-", "_")]
        return f"{name} ({releases[-1]})\nAvailable versions: {', '.join(reversed(releases))}, 0.1\n"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The files that are written, in a place of their own."""
    for name in WRITTEN:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(ROOT / name, tmp_path / name)
    return tmp_path


@pytest.fixture
def upstream(copy: Path) -> Upstream:
    """Nothing new, to begin with."""
    return Upstream(Table(copy))


@pytest.fixture
def bump(copy: Path, upstream: Upstream) -> Bump:
    """Runs the command on the copy."""

    def run(*, write: bool = False) -> int:
        return main(copy, Readers(upstream.address, upstream.package), write=write, today=TODAY)

    return run


def texts(folder: Path) -> Mapping[str, str]:
    """What stands in the files."""
    return {name: (folder / name).read_text(encoding="utf-8") for name in WRITTEN}


def test_nothing_new_changes_nothing(bump: Bump, copy: Path, upstream: Upstream) -> None:
    """Candidates and previews are no releases."""
    assert (bump(write=True), texts(copy)) == (0, texts(ROOT)), upstream.releases


def test_a_newer_patch_is_told_and_not_written_unasked(
    bump: Bump, copy: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """The exit code tells it as well."""
    upstream.releases["grafana"].append(next_of(GRAFANA.latest))
    assert bump() == 1
    (told,) = (line.split() for line in capsys.readouterr().out.splitlines() if line.startswith("grafana"))
    assert told[1:4] == [GRAFANA.line, GRAFANA.latest, next_of(GRAFANA.latest)]
    assert texts(copy) == texts(ROOT)


def test_new_patches_are_written_wherever_the_old_ones_stand(bump: Bump, copy: Path, upstream: Upstream) -> None:
    """Table, profile, checksum, roles and their documentation; the day of the table, and no other line."""
    before = Table(copy)
    newer = CURRENT | {"grafana": GRAFANA.latest, "ansible_core": upstream.releases["ansible_core"][-1]}
    newer = {product: next_of(version) for product, version in newer.items()}
    for product, version in newer.items():
        upstream.releases[product].append(version)
    assert bump(write=True) == 1
    profile, pinned = (yaml.safe_load(texts(copy)[name]) for name in WRITTEN[:3:2])
    assert {row.product: row.latest for row in Table(copy).rows if row.latest in newer.values()} == newer
    assert profile["__profile_as_of"] == TODAY
    assert profile["__profile_table"]["current"] == {name: newer[name] for name in CURRENT}
    gone = before.checksums.keys() - {CURRENT["cilium"]}
    assert pinned["__cilium_checksums"] == {each: before.checksums[each] for each in gone} | {newer["cilium"]: OTHER}
    assert f"grafana:{newer['grafana']}\n" in texts(copy)["roles/monitoring/defaults/main.yml"]
    assert f"| {' | '.join(newer[name] for name in CURRENT)} |" in texts(copy)["roles/profile/README.md"]
    old, new = (text[WRITTEN[0]].splitlines() for text in (texts(ROOT), texts(copy)))
    assert len([line for line, now in zip(old, new, strict=True) if line != now]) == len(newer) + 2
    assert bump(write=True) == 0


def test_an_end_that_moved_is_written(bump: Bump, copy: Path, upstream: Upstream) -> None:
    """In the row of that line of that product alone."""
    upstream.ends["containerd"]["1.7"] = "2026-12-24"
    assert bump(write=True) == 1
    moved = set(Table(copy).rows) - set(Table(ROOT).rows)
    assert [(row.product, row.line, row.end) for row in moved] == [("containerd", "1.7", "2026-12-24")]


def test_a_new_line_is_left_to_people(
    bump: Bump, copy: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it works with has to be read first."""
    upstream.releases["containerd"].append("99.5.0")
    assert bump(write=True) == 0
    assert "containerd 99.5 is a new line: read what it works with" in capsys.readouterr().out
    assert texts(copy) == texts(ROOT)


def test_a_chart_whose_digest_is_another_is_told(
    bump: Bump, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """The index is the last word on what we pin."""
    upstream.digests[CURRENT["cilium"]] = OTHER
    assert bump() == 1
    assert f"The chart of Cilium {CURRENT['cilium']} has {OTHER} in its index" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [None, "[]", "{}", "no JSON", '[{"tag_name": 1}]'])
def test_a_source_that_cannot_be_read_is_one_sentence(
    bump: Bump, copy: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str], answer: str | None
) -> None:
    """The others are compared all the same, and what is silent keeps its row."""
    upstream.instead["helm.cilium.io"] = answer
    upstream.releases["grafana"].append(next_of(GRAFANA.latest))
    assert bump(write=True) == 3
    told = capsys.readouterr().out
    assert [line for line in told.splitlines() if line.endswith(".") and "ilium" in line] == [told.splitlines()[-2]]
    assert next_of(GRAFANA.latest) in told
    assert {row.latest for row in Table(copy).rows if row.product == "cilium"} == {"", CURRENT["cilium"]}

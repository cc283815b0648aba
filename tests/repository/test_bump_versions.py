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
    "docs/versions.md",
)
TODAY = "2027-01-31"
OTHER = "sha256:" + 64 * "5"

Bump = Callable[..., int]


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
                for each in ["1.20.99-rc.0", *self.releases["cilium"], *self.digests]
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
    upstream.releases["grafana"].append("12.4.13")
    assert bump() == 1
    assert "grafana       12.4   12.4.12   12.4.13" in capsys.readouterr().out
    assert texts(copy) == texts(ROOT)


def test_new_patches_are_written_wherever_the_old_ones_stand(bump: Bump, copy: Path, upstream: Upstream) -> None:
    """Table, profile, checksum, roles and their documentation; the day of the table, and no other line."""
    before = Table(copy)
    newer = {
        "kubernetes": "1.36.10",
        "containerd": "2.3.10",
        "cilium": "1.20.10",
        "prometheus": "3.13.10",
        "ansible_core": "2.20.90",
    }
    for product, version in newer.items():
        upstream.releases[product].append(version)
    assert bump(write=True) == 1
    values = yaml.safe_load((copy / WRITTEN[0]).read_text(encoding="utf-8"))
    after = {row.product: row for row in Table(copy).rows if row.latest in newer.values()}
    assert {product: row.latest for product, row in after.items()} == newer
    assert values["__profile_as_of"] == TODAY
    assert values["__profile_table"]["current"] == {
        name: newer[name] for name in ("kubernetes", "containerd", "cilium")
    }
    assert Table(copy).checksums == {"1.18.3": before.checksums["1.18.3"], "1.20.10": OTHER}
    assert "prometheus:v3.13.10\n" in (copy / "roles/monitoring/defaults/main.yml").read_text(encoding="utf-8")
    assert "| 1.36.10 | 2.3.10 | 1.20.10 |" in (copy / "roles/profile/README.md").read_text(encoding="utf-8")
    old, new = (text[WRITTEN[0]].splitlines() for text in (texts(ROOT), texts(copy)))
    assert len([line for line, now in zip(old, new, strict=True) if line != now]) == len(newer) + 2
    assert bump(write=True) == 0


def test_an_end_that_moved_is_written(bump: Bump, copy: Path, upstream: Upstream) -> None:
    """In the row of that line of that product alone."""
    upstream.ends["containerd"]["2.2"] = "2026-12-24"
    assert bump(write=True) == 1
    moved = set(Table(copy).rows) - set(Table(ROOT).rows)
    assert [(row.product, row.line, row.end) for row in moved] == [("containerd", "2.2", "2026-12-24")]


def test_a_new_line_is_left_to_people(
    bump: Bump, copy: Path, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """What it works with has to be read first."""
    upstream.releases["containerd"].append("2.5.0")
    assert bump(write=True) == 0
    assert "containerd 2.5 is a new line: read what it works with" in capsys.readouterr().out
    assert texts(copy) == texts(ROOT)


def test_a_chart_whose_digest_is_another_is_told(
    bump: Bump, upstream: Upstream, capsys: pytest.CaptureFixture[str]
) -> None:
    """The index is the last word on what we pin."""
    upstream.digests["1.20.2"] = OTHER
    assert bump() == 1
    assert f"The chart of Cilium 1.20.2 has {OTHER} in its index" in capsys.readouterr().out


@pytest.mark.parametrize("answer", [None, "[]", "{}", "no JSON", '[{"tag_name": 1}]'])
def test_a_source_that_cannot_be_read_is_one_sentence(
    bump: Bump, upstream: Upstream, capsys: pytest.CaptureFixture[str], answer: str | None
) -> None:
    """The others are compared all the same, and what is silent keeps its row."""
    upstream.instead["helm.cilium.io"] = answer
    upstream.releases["grafana"].append("12.4.13")
    assert bump(write=True) == 3
    told = capsys.readouterr().out
    assert [line for line in told.splitlines() if line.endswith(".") and "ilium" in line] == [told.splitlines()[-2]]
    assert "cilium        1.20   1.20.2    1.20.2" in told
    assert "12.4.13" in told

"""``python -m upstream [--write]``: what is newer than the table of versions says, and the table rewritten."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from . import sources
from .sources import Readers, UnreadableError
from .table import Row, Table

_NOTHING, _NEWER, _UNREADABLE = 0, 1, 3


@dataclass(slots=True)
class _Upstream:
    versions: dict[str, tuple[str, ...]] = field(default_factory=dict)
    ends: dict[str, dict[str, str]] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)
    unreadable: list[str] = field(default_factory=list)


def main(root: Path, readers: Readers, *, write: bool, today: str) -> int:
    """Compare, say so, and rewrite on demand.

    Returns:
        The exit code: 0 for nothing new, 1 for something new or another digest, 3 where a source could not be read.
    """
    table = Table(root)
    upstream = _ask(table, readers)
    newest = tuple(_newest(row, upstream) for row in table.rows)
    wrong = [*_other_digests(table.checksums, upstream.digests)]
    for text in (
        *_compared(table.rows, newest, today),
        *_new_lines(table.rows, upstream),
        *wrong,
        *upstream.unreadable,
    ):
        print(text)
    changed = newest != table.rows
    if write and changed:
        table.write(newest, upstream.digests, today=today)
        print("Written. Read what changed (git diff), then: docs/contributing/versions.md.")
    if upstream.unreadable:
        return _UNREADABLE
    return _NEWER if changed or wrong else _NOTHING


def _ask(table: Table, readers: Readers) -> _Upstream:
    upstream = _Upstream()
    for product in dict.fromkeys(row.product for row in table.rows):
        followed = tuple(row.line for row in table.rows if row.product == product and row.latest)
        try:
            released = sources.released(product, readers, followed)
            upstream.versions[product] = released.versions
            upstream.digests |= released.digests
        except UnreadableError as error:
            upstream.unreadable.append(str(error))
        try:
            upstream.ends[product] = sources.ends(product, readers)
        except UnreadableError as error:
            upstream.unreadable.append(str(error))
    return upstream


def _newest(row: Row, upstream: _Upstream) -> Row:
    patches = [each for each in upstream.versions.get(row.product, ()) if sources.line(each) == row.line]
    latest = max([row.latest, *patches], key=sources.number) if row.latest else ""
    end = upstream.ends.get(row.product, {}).get(row.line, row.end) if row.end else ""
    return replace(row, latest=latest, end=end)


def _compared(rows: tuple[Row, ...], newest: tuple[Row, ...], today: str) -> Iterator[str]:
    form = "{:<14}{:<7}{:<10}{:<10}{:<12}{:<12}{}"
    yield form.format("product", "line", "ours", "newest", "our end", "its end", "")
    for ours, its in zip(rows, newest, strict=True):
        said = [*(["newer"] if ours.latest != its.latest else []), *(["other end"] if ours.end != its.end else [])]
        said += ["ended"] if its.end and its.end < today else []
        yield form.format(ours.product, ours.line, ours.latest, its.latest, ours.end, its.end, ", ".join(said)).rstrip()


def _new_lines(rows: tuple[Row, ...], upstream: _Upstream) -> Iterator[str]:
    for product, versions in upstream.versions.items():
        ours = max((sources.number(row.line) for row in rows if row.product == product), default=())
        for line in sorted({sources.line(each) for each in versions}, key=sources.number):
            if sources.number(line) > ours:
                yield f"{product} {line} is a new line: read what it works with, then give it a row by hand."


def _other_digests(ours: Mapping[str, str], theirs: Mapping[str, str]) -> Iterator[str]:
    for version, checksum in ours.items():
        if version in theirs and theirs[version] != checksum:
            yield f"The chart of Cilium {version} has {theirs[version]} in its index, and {checksum} in roles/cilium."


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="scripts/bump-versions", description=__doc__.partition(": ")[2])
    parser.add_argument(
        "--write", action="store_true", help="rewrite the table, its checksums and the places that name a version"
    )
    sys.exit(
        main(
            Path(__file__).parents[2],
            Readers(sources.over_https, sources.by_pip),
            write=parser.parse_args().write,
            today=datetime.now(tz=UTC).date().isoformat(),
        )
    )

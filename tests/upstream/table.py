"""The table of versions and the other places that name one: read, and rewritten with its comments left alone."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

_TABLE = "roles/profile/vars/main.yml"
_CHECKSUMS = "roles/cilium/vars/main.yml"
_PLACES = {
    "kubernetes": ("roles/profile/README.md", "docs/start/compatibility.md"),
    "containerd": ("roles/profile/README.md", "docs/start/compatibility.md"),
    "cilium": ("roles/profile/README.md", "docs/start/compatibility.md"),
    **dict.fromkeys(
        ("prometheus", "grafana", "alertmanager"),
        (
            "roles/monitoring/defaults/main.yml",
            "roles/monitoring/meta/argument_specs.yml",
            "roles/monitoring/README.md",
            "docs/start/compatibility.md",
        ),
    ),
    "ansible_core": ("docs/start/compatibility.md",),
}


@dataclass(frozen=True, slots=True)
class Row:
    """One line of one product, as the table has it; an empty ``latest`` or ``end`` is not in it."""

    product: str
    line: str
    latest: str
    end: str


class Table:
    """The table in one checkout."""

    def __init__(self, root: Path) -> None:
        self._root = root
        self._values: dict[str, Any] = yaml.safe_load(self._read(_TABLE))
        self._checksums: dict[str, str] = yaml.safe_load(self._read(_CHECKSUMS))["__cilium_checksums"]

    @property
    def rows(self) -> tuple[Row, ...]:
        """Every line of every product."""
        products: Mapping[str, Any] = self._values["__profile_support"] | self._values["__profile_others"]
        return tuple(
            Row(product, name, row.get("latest", ""), row.get("end", ""))
            for product, lines in products.items()
            for name, row in lines.items()
        )

    @property
    def checksums(self) -> Mapping[str, str]:
        """The pinned charts by version."""
        return self._checksums

    def write(self, rows: tuple[Row, ...], digests: Mapping[str, str], *, today: str) -> None:
        """Put new patches and last days in the place of the old ones, wherever they stand."""
        text = re.sub(r'^(__profile_as_of: )".*"', rf'\g<1>"{today}"', self._read(_TABLE), flags=re.MULTILINE)
        current: dict[str, str] = self._values["__profile_table"]["current"]
        for old in self.rows:
            (new,) = (row for row in rows if (row.product, row.line) == (old.product, old.line))
            text = _in_row(text, old, new)
            if new.latest == old.latest:
                continue
            if current.get(old.product) == old.latest:
                text = re.sub(
                    rf"^(  current: .*\b{old.product}: ){re.escape(old.latest)}",
                    rf"\g<1>{new.latest}",
                    text,
                    flags=re.MULTILINE,
                )
            for place in _PLACES[old.product]:
                self._write(place, _whole_word(old.latest, new.latest, self._read(place)))
            if old.product == "cilium" and old.latest in self._checksums:
                was = f"{old.latest}: {self._checksums[old.latest]}"
                self._write(_CHECKSUMS, self._read(_CHECKSUMS).replace(was, f"{new.latest}: {digests[new.latest]}"))
        self._write(_TABLE, text)

    def _read(self, name: str) -> str:
        return (self._root / name).read_text(encoding="utf-8")

    def _write(self, name: str, text: str) -> None:
        (self._root / name).write_text(text, encoding="utf-8")


def _in_row(text: str, old: Row, new: Row) -> str:
    head, product, tail = text.partition(f"\n  {old.product}:")
    before, name, row = tail.partition(f'\n    "{old.line}": ')
    content, newline, rest = row.partition("\n")
    if new.latest != old.latest:
        content = content.replace(f"latest: {old.latest}", f"latest: {new.latest}")
    if new.end != old.end:
        content = content.replace(f'end: "{old.end}"', f'end: "{new.end}"')
    return head + product + before + name + content + newline + rest


def _whole_word(old: str, new: str, text: str) -> str:
    return re.sub(rf"(?<![\d.]){re.escape(old)}(?![\d.]*\d)", new, text)

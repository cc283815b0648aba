# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Prometheus' text format, as far as a page of metrics needs to be read by a playbook."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

_SERIES = re.compile(r"(?P<name>[A-Za-z_:][\w:]*)(?:\{(?P<labels>.*)\})?\s+(?P<value>\S+)(?:\s+-?\d+)?")
_LABEL = re.compile(r'(\w+)="((?:[^"\\]|\\.)*)"')


@dataclass(frozen=True, slots=True)
class Series:
    """One line (https://prometheus.io/docs/instrumenting/exposition_formats/)."""

    name: str
    labels: dict[str, str]
    value: float


def parse(text: str) -> Iterator[Series]:
    """Yield what can be read; comments and everything else are left out."""
    for line in text.splitlines():
        found = _SERIES.fullmatch(line.strip())
        if found:
            labels = {name: value.replace('\\"', '"') for name, value in _LABEL.findall(found["labels"] or "")}
            yield Series(found["name"], labels, float(found["value"]))


def of(text: Any, name: str, **labels: str) -> list[Series]:
    """Return the series of one name that carry the labels."""
    return [each for each in parse(str(text)) if each.name == name and labels.items() <= each.labels.items()]

"""Tables as GitHub's Markdown."""

from __future__ import annotations

import re

from detnet.text import Table

_ESCAPED = re.compile(r"[\\|`*_<>]")


def markdown(table: Table) -> str:
    """Return the table with whatever could be markup escaped."""
    rows = [[escaped(text) for text in row] for row in (table.header, *table.rows)]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([lines[0], f"|---{'|---:' * (len(table.header) - 1)}|", *lines[1:]])


def escaped(text: str) -> str:
    """Return a text as Markdown that shows it as it is."""
    return _ESCAPED.sub(r"\\\g<0>", text)

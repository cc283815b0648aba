"""Checks ``cilium_values.json`` against a chart: ``python chart_keys.py cilium-1.20.2.tgz``."""

from __future__ import annotations

import hashlib
import json
import sys
import tarfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import yaml

LIST = Path(__file__).with_name("cilium_values.json")


def leaves(values: dict[str, Any], *above: str) -> Iterator[tuple[str, Any]]:
    """Each value that is no mapping, or an empty one, with the path of its keys."""
    for key, value in values.items():
        if isinstance(value, dict) and value:
            yield from leaves(value, *above, key)
        else:
            yield ".".join((*above, key)), value


def missing(archive: Path, keys: list[str]) -> list[str]:
    """The paths that a chart's default values do not have.

    Raises:
        KeyError: the archive has no ``values.yaml``.
    """
    with tarfile.open(archive) as chart:
        member = chart.extractfile("cilium/values.yaml")
        defaults = yaml.safe_load(member.read()) if member else {}

    def known(path: str) -> bool:
        at: Any = defaults
        for key in path.split("."):
            if not isinstance(at, dict) or key not in at:
                return False
            at = at[key]
        return True

    return [path for path in keys if not known(path)]


def main(name: str) -> int:
    """Say which keys the chart lacks, and whether it is the one that the list names."""
    archive, listed = Path(name), json.loads(LIST.read_text(encoding="utf-8"))
    checksum = "sha256:" + hashlib.sha256(archive.read_bytes()).hexdigest()
    lacking = missing(archive, listed["keys"])
    known = checksum in {chart["checksum"] for chart in listed["charts"].values()}
    print(f"{archive.name}: {checksum}, {'listed' if known else 'not listed'}; lacks {lacking or 'nothing'}")
    return 1 if lacking else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))

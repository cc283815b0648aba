"""Which Kubernetes the tests run: the line that is asked for, in the newest patch that the profile table knows."""

from __future__ import annotations

import os
import re
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
TABLE = REPOSITORY / "roles/profile/vars/main.yml"
# The etcd of each line, as build/dependencies.yaml of its release names it.
ETCD = {"1.34": "3.6.5", "1.35": "3.6.6", "1.36": "3.6.8", "1.37": "3.7.0"}


class UnknownReleaseError(Exception):
    """``KUBERNETES`` names no release that the tests know; the message lists them."""


def wanted() -> str:
    """The version that ``$KUBERNETES`` names (``1.37``, or ``1.37.2`` in full), else that of profile ``current``.

    Raises:
        UnknownReleaseError: the value names no line of the tests.
    """
    asked = os.environ.get("KUBERNETES", "").removeprefix("v")
    if not asked:
        return str(_table()["__profile_table"]["current"]["kubernetes"])
    found = re.fullmatch(r"(1\.\d+)(\.\d+)?", asked)
    if found is None or found[1] not in ETCD:
        raise UnknownReleaseError(
            f"KUBERNETES={asked} is none of {', '.join(ETCD)} (or a patch of them, such as 1.37.2)"
        )
    return asked if found[2] else latest(found[1])


def latest(line: str) -> str:
    """The newest patch of a line such as ``1.37``."""
    return str(_table()["__profile_support"]["kubernetes"][line]["latest"])


def following(version: str) -> str:
    """What a version is upgraded to: the newest patch of the next line."""
    major, minor, _patch = version.split(".")
    return latest(f"{major}.{int(minor) + 1}")


def containerd() -> str:
    """The containerd of profile ``current``."""
    return str(_table()["__profile_table"]["current"]["containerd"])


def etcd(version: str) -> str:
    """The etcd that a version of Kubernetes is released with."""
    return ETCD[line(version)]


def line(version: str) -> str:
    """``1.37`` of ``1.37.2``."""
    return version.rpartition(".")[0]


@cache
def _table() -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(TABLE.read_text(encoding="utf-8"))
    return table

# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether versions work together, and whether they still get fixes."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any

from .finding import Finding, shown

_NAMES = {"kubernetes": "Kubernetes", "containerd": "containerd", "cilium": "Cilium"}
_VERSION = re.compile(r"(\d+)\.(\d+)\.(\d+)")

Support = Mapping[str, Mapping[str, Mapping[str, Any]]]


def judge(versions: Mapping[str, str], support: Support, *, today: str, refuse_old: bool) -> list[Finding]:
    """Return what is wrong with the versions of ``kubernetes``, ``containerd`` and ``cilium``.

    Args:
        versions: what shall be installed.
        support: for each product its lines (``1.30``); see the role ``profile``.
        today: as ``2026-01-31``.
        refuse_old: whether a version without support is a problem and no warning.
    """
    unreadable = [
        Finding(shown(f"profile_{name}", version), "expected a version such as 1.30.14, in quotation marks")
        for name, version in versions.items()
        if not _VERSION.fullmatch(str(version))
    ]
    if unreadable:
        return unreadable
    lines = {name: support.get(name, {}).get(_line(version), {}) for name, version in versions.items()}
    return [
        *_too_old_a_runtime(versions, lines["kubernetes"]),
        *_ended(versions, lines, today, refuse_old=refuse_old),
        *_untested(versions, lines["cilium"]),
        *_weak(versions, lines),
        *_behind(versions, lines),
    ]


def _too_old_a_runtime(versions: Mapping[str, str], kubernetes: Mapping[str, Any]) -> Iterator[Finding]:
    least = [str(each) for each in kubernetes.get("containerd", [])]
    mine = versions["containerd"]
    of_my_line = [each for each in least if _line(each) == _line(mine)]
    if not least:
        return
    enough = _parts(mine) >= _parts(of_my_line[0]) if of_my_line else _parts(mine) > _parts(least[-1])
    if not enough:
        yield Finding(
            shown("profile_containerd", mine),
            f"Kubernetes {versions['kubernetes']} (profile_kubernetes) needs containerd {' or '.join(least)}, "
            "or a newer one of the same line",
        )


def _ended(
    versions: Mapping[str, str], lines: Mapping[str, Mapping[str, Any]], today: str, *, refuse_old: bool
) -> Iterator[Finding]:
    for name, line in lines.items():
        end = str(line.get("end", "9999"))
        if end < today:
            yield Finding(
                shown(f"profile_{name}", versions[name]),
                f"{_NAMES[name]} {_line(versions[name])} is OUT OF SUPPORT since {end} and gets no security fixes; "
                "choose profile_name: current, or a newer version here",
                warning=not refuse_old,
            )


def _untested(versions: Mapping[str, str], cilium: Mapping[str, Any]) -> Iterator[Finding]:
    tested, mine = cilium.get("kubernetes", []), _line(versions["kubernetes"])
    if tested and mine not in tested:
        yield Finding(
            shown("profile_cilium", versions["cilium"]),
            f"Cilium's makers test it with Kubernetes {', '.join(tested)} and not with {mine} (profile_kubernetes)",
            warning=True,
        )


def _weak(versions: Mapping[str, str], lines: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    for name, line in lines.items():
        fixed = line.get("fixed")
        if fixed and _parts(versions[name]) < _parts(fixed):
            yield Finding(
                shown(f"profile_{name}", versions[name]),
                f"it has the weakness {line['weakness']}, which {fixed} mends",
                warning=True,
            )


def _behind(versions: Mapping[str, str], lines: Mapping[str, Mapping[str, Any]]) -> Iterator[Finding]:
    for name, line in lines.items():
        latest = line.get("latest")
        if latest and _parts(versions[name]) < _parts(latest):
            yield Finding(
                shown(f"profile_{name}", versions[name]),
                f"{latest} is out, with fixes of the same line",
                warning=True,
            )


def _line(version: str) -> str:
    return ".".join(version.split(".")[:2])


def _parts(version: str) -> tuple[int, ...]:
    return tuple(int(part) for part in version.split("."))

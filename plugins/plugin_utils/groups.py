# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the inventory has the hosts that its groups promise."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from .finding import Finding

_CLUSTER = ("control_plane", "workers")


def judge(groups: Mapping[str, Sequence[str]], *, systemd: bool) -> Iterator[Finding]:
    """Yield the groups that lack hosts; ``systemd`` tells whether the controller shall be a service on hosts."""
    there = [name for name in _CLUSTER if name in groups]
    for name in _CLUSTER if there else ():
        if not groups.get(name):
            yield Finding(f"group {name}", "it has no hosts; name at least one in the inventory")
    if there and len(groups.get("control_plane", ())) > 1:
        yield Finding("group control_plane", "it has several hosts; one is supported")
    both = set(groups.get("control_plane", ())) & set(groups.get("workers", ()))
    for host in sorted(both):
        yield Finding(f"host {host}", "it is in control_plane and in workers; keep it in one of them")
    if systemd and not groups.get("controller_hosts"):
        yield Finding(
            "group controller_hosts",
            "it has no hosts, but controller_mode is systemd; name the host on which the controller shall run",
        )

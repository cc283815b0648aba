# Copyright (c) detnet.qos contributors
# GNU General Public License v3.0+ (see https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later
"""Whether the networks of pods, Services and nodes are networks, and keep out of each other's way."""

from __future__ import annotations

import ipaddress
import itertools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from .finding import Finding, shown

_NAME = re.compile(r".*_(?P<use>pod|service|node)s?_(?:cidr|subnet|network)s?")

Network = ipaddress.IPv4Network | ipaddress.IPv6Network


@dataclass(frozen=True, slots=True)
class Range:
    """One network of one variable, and what it is used for."""

    name: str
    use: str
    network: Network

    def __str__(self) -> str:
        return f"{self.name} is {self.network}"


def defaults(options: Mapping[str, Mapping[str, object]]) -> dict[str, object]:
    """Return the networks that roles use when nobody names any."""
    return {
        name: option["default"] for name, option in options.items() if _NAME.fullmatch(name) and "default" in option
    }


def judge(variables: Mapping[str, object], addresses: Mapping[str, object]) -> list[Finding]:
    """Return what is wrong with the networks in ``variables``.

    Args:
        variables: by name; those of pods, Services and nodes are told by their names (``..._pod_subnet``).
        addresses: the hosts' own addresses, by host; names instead of addresses are left out.
    """
    findings: list[Finding] = []
    ranges: list[Range] = []
    for name, value in variables.items():
        found = _NAME.fullmatch(name)
        if not found or value in ("", None, []):
            continue
        for text in value if isinstance(value, list) else str(value).split(","):
            try:
                ranges.append(Range(name, found["use"], ipaddress.ip_network(str(text).strip())))
            except ValueError as error:
                findings.append(Finding(shown(name, text), f"expected a network such as 10.244.0.0/16 ({error})"))
    return [*findings, *_overlaps(ranges), *_hosts_inside(ranges, addresses)]


def _overlaps(ranges: list[Range]) -> Iterator[Finding]:
    for one, other in itertools.combinations(ranges, 2):
        same = one.use == other.use and one.network == other.network
        if not same and one.network.version == other.network.version and one.network.overlaps(other.network):  # type: ignore[arg-type]
            yield Finding(
                f"{one} and {other}", f"they overlap, so that traffic would go astray; choose another {other.name}"
            )


def _hosts_inside(ranges: list[Range], addresses: Mapping[str, object]) -> Iterator[Finding]:
    for host, text in addresses.items():
        try:
            address = ipaddress.ip_address(str(text))
        except ValueError:
            continue
        for each in ranges:
            if each.use != "node" and address in each.network:
                yield Finding(
                    str(each),
                    f"it holds the address {address} of {host}, which could then not be reached; choose another",
                )

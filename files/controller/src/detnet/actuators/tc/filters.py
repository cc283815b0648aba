"""Keeps the u32 filters of our qdisc in step with the configured targets."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from socket import htons

from detnet.actuators.base import ActuationError
from detnet.actuators.tc.match import Match
from detnet.actuators.tc.netlink import Device, Filter, Link

_ETHERTYPES = {4: 0x0800, 6: 0x86DD}  # linux/if_ether.h: ETH_P_IP, ETH_P_IPV6


class TargetFilters:
    """The filters below the qdisc ``parent`` that lead each target's packets to its class.

    The first target that matches a packet gets it. A preference can hold filters of one protocol only, so each target
    has an odd one for IPv4 and the next for IPv6.
    """

    def __init__(self, device: Device, parent: int, matches: Mapping[str, Match], class_of: Mapping[str, int]) -> None:
        self._device = device
        self._parent = parent
        self._matches = dict(matches)
        self._class_of = dict(class_of)
        self._preferences = {
            (name, ip_version): 2 * position + (1 if ip_version == 4 else 2)
            for position, (name, match) in enumerate(matches.items())
            for ip_version in match.ip_versions
        }
        self._installed: frozenset[Filter] | None = None

    def leading(self, link: Link) -> frozenset[str]:
        """Return the targets whose packets are all led to their class.

        Raises:
            ActuationError: the filters cannot be read.
        """
        flows = Counter(one.flow for one in self._device.filters(link, self._parent))
        return frozenset(
            name for name, match in self._matches.items() if flows[self._class_of[name]] >= len(match.ip_versions)
        )

    def ensure(self, link: Link) -> dict[str, str]:
        """Put our filters beside those found, then remove the latter; return the targets that failed and why.

        In this order no packet leaves its class in between. Filters cannot be compared with the match they were made
        from (pyroute2 misreads u32 keys), so the first call of a process always renews them.

        Raises:
            ActuationError: the filters cannot be read, or an old one cannot be removed.
        """
        found = self._device.filters(link, self._parent)
        if found == self._installed:
            return {}
        failed: dict[str, str] = {}
        for (name, ip_version), preference in self._preferences.items():
            try:
                self._put(link, name, ip_version, preference)
            except ActuationError as error:
                failed[name] = str(error)
        self._remove(link, found)
        self._installed = None if failed else self._device.filters(link, self._parent)
        return failed

    def _put(self, link: Link, name: str, ip_version: int, preference: int) -> None:
        self._device.put(
            "add-filter",
            "u32",
            link,
            parent=self._parent,
            prio=preference,
            protocol=_ETHERTYPES[ip_version],
            target=self._class_of[name],
            keys=self._matches[name].u32_keys(ip_version),
        )

    def _remove(self, link: Link, found: frozenset[Filter]) -> None:
        ours = {
            preference << 16 | htons(_ETHERTYPES[version]) for (_, version), preference in self._preferences.items()
        }
        for one in found:
            if one.info in ours:
                self._device.delete("del-filter", link, parent=self._parent, info=one.info, handle=one.handle)
        # without a handle the whole preference goes: an empty one of another protocol would keep ours out
        for info in {one.info for one in found} - ours:
            self._device.delete("del-filter", link, parent=self._parent, info=info)

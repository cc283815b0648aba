"""Traffic control of one network device, over one netlink socket that stays open.

Every refusal of the kernel becomes an ``ActuationError`` of one sentence. Dumps about a device that is gone are empty
instead of failing, so each round begins with ``link()``, which does fail.
"""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from detnet.actuators.base import ActuationError
from detnet.model.errors import UserError

try:
    from pyroute2 import IPRoute
    from pyroute2.netlink.exceptions import NetlinkError
except ModuleNotFoundError as missing:
    raise UserError("the tc actuator needs pyroute2: pip install 'detnet-qos[tc]'") from missing

ROOT = 0xFFFFFFFF  # TC_H_ROOT of linux/pkt_sched.h
_MODULES = {"htb": "sch_htb", "tbf": "sch_tbf", "pfifo": "sch_fifo", "u32": "cls_u32"}
_FRAME_OVERHEAD_BYTES = 18  # Ethernet header and one VLAN tag


@dataclass(frozen=True, slots=True)
class Link:
    """The device as it is now: it may have come back under another index or with another MTU."""

    index: int
    frame_bytes: int


@dataclass(frozen=True, slots=True)
class HtbClass:
    """A class as the kernel holds it; HTB keeps rates in byte/s."""

    rate_byteps: int
    ceil_byteps: int
    sent_bytes: int


@dataclass(frozen=True, slots=True)
class Filter:
    """A filter's identity: ``info`` is its preference and protocol, ``flow`` the class that it leads to."""

    kind: str
    info: int
    handle: int
    flow: int | None


class Device:
    """One device, by name, in this network namespace or in ``netns`` (a name of ip-netns(8) or a path)."""

    def __init__(self, name: str, netns: str | None = None) -> None:
        self.name = name
        self._netns = netns if netns is None or "/" in netns else f"/run/netns/{netns}"
        self._netns_id: tuple[int, int] | None = None
        self._socket: Any = None

    def __str__(self) -> str:
        return f"device {self.name}" + (f" in network namespace {self._netns}" if self._netns else "")

    def link(self) -> Link:
        """Return the device, reopening the socket if its namespace was replaced.

        Raises:
            ActuationError: the device or its namespace is not there.
        """
        self._reopen_if_namespace_changed()
        with self._telling("look it up"):
            [message] = self._socket.link("get", ifname=self.name)
        return Link(message["index"], message.get_attr("IFLA_MTU") + _FRAME_OVERHEAD_BYTES)

    def qdisc(self, link: Link) -> tuple[str, int] | None:
        """Return kind and handle of the root qdisc, or ``None`` while the kernel's own default is there (handle 0)."""
        with self._telling("read its qdiscs"):
            roots = [q for q in self._socket.get_qdiscs(index=link.index) if q["parent"] == ROOT and q["handle"]]
        return (roots[0].get_attr("TCA_KIND"), roots[0]["handle"]) if roots else None

    def classes(self, link: Link) -> dict[int, HtbClass]:
        """Return the HTB classes by handle."""
        with self._telling("read its classes"):
            messages = list(self._socket.get_classes(index=link.index))
        return {m["handle"]: _htb_class(m) for m in messages if m.get_attr("TCA_KIND") == "htb"}

    def filters(self, link: Link, parent: int) -> frozenset[Filter]:
        """Return the filters of the qdisc ``parent``, without u32's own hash tables."""
        with self._telling("read its filters"):
            messages = list(self._socket.get_filters(index=link.index, parent=parent))
        return frozenset(
            Filter(m.get_attr("TCA_KIND"), m["info"], m["handle"], _flow(m))
            for m in messages
            if m["handle"] and (m.get_attr("TCA_KIND") != "u32" or m["handle"] & 0xFFF)
        )

    def put(self, command: str, kind: str, link: Link, **arguments: object) -> None:
        """Add or replace a qdisc, class or filter of ``kind``; the arguments are those of pyroute2's ``tc()``."""
        with self._telling(f"{command} {kind}", needs=None if command.endswith("class") else kind):
            self._socket.tc(command, kind, link.index, **arguments)

    def delete(self, command: str, link: Link, **arguments: object) -> None:
        """Delete a qdisc, class or filter."""
        with self._telling(command):
            self._socket.tc(command, index=link.index, **arguments)

    def close(self) -> None:
        """Close the socket, which otherwise keeps its namespace alive."""
        if self._socket is not None:
            self._socket.close()
        self._socket = None

    def _reopen_if_namespace_changed(self) -> None:
        with self._telling("enter it"):
            stat = Path(self._netns).stat() if self._netns else None
            identity = (stat.st_dev, stat.st_ino) if stat else None
            if self._socket is not None and identity == self._netns_id:
                return
            self.close()
            # flags=0: by default pyroute2 creates a namespace that does not exist
            self._socket = IPRoute(netns=self._netns, flags=0)
            self._netns_id = identity

    @contextmanager
    def _telling(self, doing: str, *, needs: str | None = None) -> Iterator[None]:
        try:
            yield
        except NetlinkError as error:
            raise ActuationError(self._sentence(doing, error.code, str(error.args[1]), needs)) from error
        except OSError as error:
            self.close()
            raise ActuationError(self._sentence(doing, error.errno or 0, str(error), needs)) from error

    def _sentence(self, doing: str, code: int, text: str, needs: str | None) -> str:
        if code in (errno.EPERM, errno.EACCES):
            return f"{self}: to {doing} needs CAP_NET_ADMIN (and CAP_SYS_ADMIN for another namespace): run as root"
        if code == errno.ENODEV:
            return f"{self} does not exist"
        if code == errno.ENOENT and self._netns and not Path(self._netns).exists():
            return f"network namespace {self._netns} does not exist"
        if code == errno.ENOENT and needs:
            return f"{self}: cannot {doing}: this kernel has no {needs} (module {_MODULES[needs]})"
        return f"{self}: cannot {doing}: {text} (errno {code})"


def _htb_class(message: Any) -> HtbClass:
    options = message.get_attr("TCA_OPTIONS")
    parameters = options.get_attr("TCA_HTB_PARMS")
    return HtbClass(
        # the 32-bit field saturates at 34 Gbit/s, the 64-bit one is there only above
        rate_byteps=options.get_attr("TCA_HTB_RATE64") or parameters["rate"],
        ceil_byteps=options.get_attr("TCA_HTB_CEIL64") or parameters["ceil"],
        # TCA_STATS2 counts in 64 bits
        sent_bytes=message.get_attr("TCA_STATS2").get_attr("TCA_STATS_BASIC")["bytes"],
    )


def _flow(message: Any) -> int | None:
    options = message.get_attr("TCA_OPTIONS")
    flow: int | None = options.get_attr("TCA_U32_CLASSID") if message.get_attr("TCA_KIND") == "u32" else None
    return flow

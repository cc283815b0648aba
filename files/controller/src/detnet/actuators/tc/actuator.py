"""The tc actuator: caps targets on one network device of this host with HTB, over netlink.

    de7: htb, root ── de7:1     everything that no target matches: not limited, served first
                   └─ de7:XXXX  one class per target: rate = ceil = cap ── tbf, which queues and splits super-packets

``u32`` filters lead a target's packets to its class. XXXX is made from the target's name and match, so that a restarted
controller finds the cap in force, and never takes it for the cap of other packets. docs/reference/actuators.md shows
it by hand.
"""

from __future__ import annotations

import time
import zlib
from collections.abc import Mapping

from detnet.actuators.base import ActuationError, Usage
from detnet.actuators.tc.filters import TargetFilters
from detnet.actuators.tc.match import Match
from detnet.actuators.tc.netlink import ROOT, Device, HtbClass, Link
from detnet.actuators.tc.shape import SPLITTER_BYTEPS, Shape, Timers
from detnet.model.errors import ConfigError
from detnet.model.rate import CEILING_BPS, Rate, RateError

HANDLE = 0x0DE7_0000
DEFAULT_CLASS = HANDLE | 1
# Ten times the largest cap: such a class is not limited, and cannot be taken for a capped one.
UNLIMITED_BYTEPS = 10 * CEILING_BPS // 8
_DEFAULT_QUEUE_PACKETS = 1000


class TcActuator:
    """Caps the packets of each target that leave through ``device``.

    Caps are rounded down to whole bytes per second (8 bit/s), because HTB stores them so; ``apply`` and ``read`` return
    what the kernel holds. Use one instance from one thread.
    """

    name = "tc"

    def __init__(
        self, device: str, targets: Mapping[str, Match], *, netns: str | None = None, objective_s: float | None = None
    ) -> None:
        """Touch nothing yet.

        Args:
            device: its name.
            targets: what each target's packets are.
            netns: the device's network namespace.
            objective_s: the tightest objective of delay, which bursts must leave room for.

        Raises:
            ActuationError: the kernel does not tell its timer's resolution.
            ConfigError: two targets get the same class number.
        """
        self._burst_s = Timers.of_kernel().burst_s(objective_s)
        self._device = Device(device, netns)
        self._class_of = _class_numbers(targets)
        self._filters = TargetFilters(self._device, HANDLE, targets, self._class_of)

    def ensure(self) -> None:
        """Create what is missing and remove what no target needs any more; caps in force stay as they are.

        Raises:
            ActuationError: the root qdisc is somebody else's, or the kernel refused something.
        """
        failed = self._ensure(self._device.link())
        if failed:
            raise ActuationError.of(failed)

    def read(self) -> Mapping[str, Rate | None]:
        """Return each target's cap; ``None`` also when no filter leads the target's packets to its class."""
        link = self._device.link()
        if not self._is_present(link):
            return dict.fromkeys(self._class_of)
        classes = self._device.classes(link)
        leading = self._filters.leading(link)
        return {
            name: _cap(name, classes[number]) if number in classes and name in leading else None
            for name, number in self._class_of.items()
        }

    def apply(self, caps: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """Set the caps, after mending whatever is missing around them; see ``Actuator.apply``."""
        try:
            failed, applied = self._apply(caps)
        except ActuationError as error:
            raise ActuationError(str(error), failed=dict.fromkeys(caps, str(error))) from error
        if failed:
            raise ActuationError.of(failed, applied)
        return applied

    def usage(self) -> Usage | None:
        """Return the classes' counters of sent bytes; ``None`` until every class is there."""
        link = self._device.link()
        classes = self._device.classes(link) if self._is_present(link) else {}
        read_at_s = time.monotonic()
        if not classes.keys() >= {DEFAULT_CLASS, *self._class_of.values()}:
            return None
        sent_bytes = {name: classes[number].sent_bytes for name, number in self._class_of.items()}
        return Usage(read_at_s, sent_bytes, classes[DEFAULT_CLASS].sent_bytes)

    def release(self) -> None:
        """Remove our root qdisc with all that is in it; the kernel puts its default back."""
        link = self._device.link()
        if self._is_present(link):
            self._device.delete("del", link, parent=ROOT, handle=HANDLE)

    def close(self) -> None:
        """Close the socket; the kernel keeps the caps."""
        self._device.close()

    def _is_present(self, link: Link) -> bool:
        return self._device.qdisc(link) == ("htb", HANDLE)

    def _apply(self, caps: Mapping[str, Rate]) -> tuple[dict[str, str], dict[str, Rate]]:
        link = self._device.link()
        failed = self._ensure(link)
        before = self._device.classes(link)
        wanted = {name: cap.bps // 8 for name, cap in caps.items() if name in self._class_of}
        failed |= {name: "is not configured" for name in caps if name not in wanted}
        for name in sorted(wanted, key=lambda name: _is_raise(wanted[name], before.get(self._class_of[name]))):
            try:
                self._shape(link, self._class_of[name], wanted[name])
            except ActuationError as error:
                failed[name] = str(error)
        after = self._device.classes(link)
        for name in wanted.keys() - failed:
            if why := _difference(wanted[name], after.get(self._class_of[name])):
                failed[name] = why
        return failed, {name: Rate(byteps * 8) for name, byteps in wanted.items() if name not in failed}

    def _ensure(self, link: Link) -> dict[str, str]:
        root = self._device.qdisc(link)
        if root is None:
            self._device.put("add", "htb", link, handle=HANDLE, default=DEFAULT_CLASS & 0xFFFF)
        elif root != ("htb", HANDLE):
            raise ActuationError(
                f"{self._device} has the root qdisc {root[0]} {root[1] >> 16:x}:, which is not ours to replace; "
                f"remove it with 'tc qdisc del dev {self._device.name} root' or choose another device"
            )
        classes = self._device.classes(link)
        if DEFAULT_CLASS not in classes:
            self._put_class(link, DEFAULT_CLASS, self._shape_of(UNLIMITED_BYTEPS, link), prio=0)
            self._device.put("replace", "pfifo", link, parent=DEFAULT_CLASS, limit=_DEFAULT_QUEUE_PACKETS)
        failed: dict[str, str] = {}
        for name, number in self._class_of.items():
            if number not in classes:
                try:
                    self._shape(link, number, UNLIMITED_BYTEPS)
                except ActuationError as error:
                    failed[name] = str(error)
        failed |= self._filters.ensure(link)
        for stale in classes.keys() - {DEFAULT_CLASS, *self._class_of.values()}:
            self._device.delete("del-class", link, handle=stale)
        return failed

    def _shape_of(self, rate_byteps: int, link: Link) -> Shape:
        return Shape.of(rate_byteps, link.frame_bytes, self._burst_s)

    def _shape(self, link: Link, number: int, rate_byteps: int) -> None:
        shape = self._shape_of(rate_byteps, link)
        self._put_class(link, number, shape, prio=1)
        self._device.put(
            "replace",
            "tbf",
            link,
            parent=number,
            rate=SPLITTER_BYTEPS,
            burst=shape.splitter_burst_bytes,
            limit=shape.queue_bytes,
        )

    def _put_class(self, link: Link, number: int, shape: Shape, *, prio: int) -> None:
        self._device.put(
            "replace-class",
            "htb",
            link,
            handle=number,
            parent=HANDLE,
            rate=shape.rate_byteps,
            ceil=shape.rate_byteps,
            burst=shape.burst_bytes,
            cburst=shape.burst_bytes,
            quantum=shape.quantum_bytes,
            prio=prio,
        )


def _class_numbers(targets: Mapping[str, Match]) -> dict[str, int]:
    numbers: dict[str, int] = {}
    for name, match in targets.items():
        number = HANDLE | (zlib.crc32(f"{name} {match}".encode()) % 0xFFE0 + 0x10)
        for other, taken in numbers.items():
            if taken == number:
                raise ConfigError(f"the targets {other!r} and {name!r} get the same class number: rename one of them")
        numbers[name] = number
    return numbers


def _cap(name: str, held: HtbClass) -> Rate | None:
    if held.rate_byteps * 8 > CEILING_BPS:
        return None
    try:
        return Rate(held.rate_byteps * 8)
    except RateError as error:
        raise ActuationError(f"target {name!r} was capped by somebody else: {error}") from error


def _is_raise(wanted_byteps: int, held: HtbClass | None) -> bool:
    return held is not None and wanted_byteps > held.rate_byteps


def _difference(wanted_byteps: int, held: HtbClass | None) -> str:
    if held is None:
        return "its class vanished while its cap was set"
    if (held.rate_byteps, held.ceil_byteps) == (wanted_byteps, wanted_byteps):
        return ""
    return f"asked for {wanted_byteps * 8} bit/s, but the kernel holds {held.rate_byteps * 8} to {held.ceil_byteps * 8}"

"""The cap of one pod as EDT sets it: packets leave whole and at line rate, and the cap only moves them apart.

HTB does the same where its queue splits nothing: a class sends while it has tokens, and then pays for the whole packet.
Its bucket holds what the cap sends in 1 ms, for late timers; idle time is not saved up, as EDT does not save it.
"""

from __future__ import annotations

from detnet.actuators.tc.actuator import UNLIMITED_BYTEPS
from detnet.actuators.tc.netlink import Device, HtbClass
from detnet.model.rate import CEILING_BPS, Rate
from detnet_lab.testbed import lab_topology as at

_HANDLE = 0x10000
_CLASS = _HANDLE | 1
_LATE_S = 0.001
_QUEUE_PACKETS = 1000  # never reached: TCP keeps two packets of a connection in a queue of its own host
_QUANTUM_BYTES = 60_000  # of one class; given, so that the kernel does not derive it and warn


class PodCap:
    """Caps what leaves the pod in the network namespace ``pod``; every method raises ``ActuationError``."""

    def __init__(self, pod: str) -> None:
        self._device = Device(at.UPLINK, pod)

    def ensure(self) -> None:
        """Create the qdisc, without a cap, unless it is there."""
        link = self._device.link()
        if self._device.qdisc(link) is None:
            self._device.put("add", "htb", link, handle=_HANDLE, default=_CLASS & 0xFFFF)
            self.set(None)
            self._device.put("replace", "pfifo", link, parent=_CLASS, limit=_QUEUE_PACKETS)

    def set(self, cap: Rate | None) -> None:
        """Put a cap in force, or none."""
        byteps = UNLIMITED_BYTEPS if cap is None else cap.bps // 8
        burst_bytes = max(2 * at.FRAME_BYTES, int(byteps * _LATE_S))
        self._device.put(
            "replace-class",
            "htb",
            self._device.link(),
            handle=_CLASS,
            parent=_HANDLE,
            rate=byteps,
            ceil=byteps,
            burst=burst_bytes,
            cburst=burst_bytes,
            quantum=_QUANTUM_BYTES,
        )

    def read(self) -> Rate | None:
        """Return the cap in force."""
        bps = self._held().rate_byteps * 8
        return Rate(bps) if bps <= CEILING_BPS else None

    def sent_bytes(self) -> int:
        """Return what has left the pod, headers included."""
        return self._held().sent_bytes

    def close(self) -> None:
        """Close the socket; the cap stays."""
        self._device.close()

    def _held(self) -> HtbClass:
        return self._device.classes(self._device.link())[_CLASS]

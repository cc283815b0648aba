"""Faults: what goes wrong around the controller, and when."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from detnet.model.errors import ConfigError
from detnet_lab.simulator.plant import SLOT_S

KINDS: Mapping[str, tuple[str, ...]] = {
    # fault: the numbers it needs beside its time
    "latency-lost": (),  # no probe result reaches the controller
    "latency-frozen": (),  # the source answers, always with the same old result
    "counters-lost": (),  # the byte counters cannot be read
    "counters-frozen": (),  # they can, but stand still
    "path-lost": (),  # every probe is lost: the path is down for them
    "probe-noise": ("share", "ms"),  # this share of the probes is up to so many ms too slow
    "probe-starved": ("share",),  # this share of the seconds is discarded for late sending
    "server-slow": ("ms",),  # the server, not the network, answers so much later
    "path-longer": ("ms",),  # another route: the empty path has so much more delay
    "clock-step": ("s",),  # the controller's clock steps by so many seconds
    "writes-fail": ("share",),  # this share of the writes is refused
    "slow-api": ("s",),  # a write takes so long; the loop does not wait for it
    "controller-dead": (),  # no controller, then one that knows nothing
    "controller-paused": (),  # no controller, then one that kept its state
}


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault from ``from_s`` for ``for_s`` seconds; ``amounts`` are the numbers that its kind needs."""

    kind: str
    from_s: float
    for_s: float
    amounts: Mapping[str, float]

    def __post_init__(self) -> None:
        """Refuse a fault that nothing could act out.

        Raises:
            ConfigError: an unknown kind, or amounts that are not its own.
        """
        if self.kind not in KINDS:
            raise ConfigError(f"{self.kind!r} is no fault; there are {', '.join(KINDS)}")
        if set(self.amounts) != set(KINDS[self.kind]):
            needed = ", ".join(KINDS[self.kind]) or "nothing"
            raise ConfigError(f"{self.kind} takes {needed} beside at_s and for_s, found {sorted(self.amounts)}")


class Faults:
    """The faults of one link, looked up by kind and time."""

    def __init__(self, faults: tuple[Fault, ...]) -> None:
        self._by_kind: dict[str, list[Fault]] = {}
        for fault in faults:
            self._by_kind.setdefault(fault.kind, []).append(fault)
        self.kinds = frozenset(self._by_kind)

    def active(self, kind: str, now_s: float) -> Fault | None:
        """Return the fault of this kind that is going on."""
        for fault in self._by_kind.get(kind, ()):
            if fault.from_s - SLOT_S / 2 <= now_s < fault.from_s + fault.for_s - SLOT_S / 2:
                return fault
        return None

    def amount(self, kind: str, what: str, now_s: float) -> float:
        """Return a number of the fault that is going on, 0 when there is none."""
        fault = self.active(kind, now_s)
        return fault.amounts[what] if fault else 0.0

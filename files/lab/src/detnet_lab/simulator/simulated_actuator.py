"""The actuator of the simulated cluster: wishes are carried out beside the loop, which waits for none of them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from detnet.actuators.base import Usage
from detnet.control.allocate import split
from detnet.model.rate import Rate
from detnet_lab.simulator.exogenous import Exogenous
from detnet_lab.simulator.faults import Faults
from detnet_lab.simulator.plant import SLOT_S, Plant
from detnet_lab.simulator.simulator_scenario import TargetPlan

_RETRY_S = 1.0


class _Caps:
    """The caps of one target's pods: ``share_bps`` on those that have been reached, the template's on new ones."""

    __slots__ = ("fresh", "pods", "share_bps", "template_bps")

    def __init__(self, share_bps: float, pods: int, template_bps: float) -> None:
        self.share_bps = share_bps
        self.pods = pods
        self.fresh = 0
        self.template_bps = template_bps

    @property
    def total_bps(self) -> float:
        return (self.pods - self.fresh) * self.share_bps + self.fresh * self.template_bps


class SimulatedActuator:
    """Caps the targets of one link by ``actuators.base.Actuator``'s contract, in simulated time.

    ``apply`` takes wishes and returns at once, as for Kubernetes: one write of a target is under way at a time, then
    the newest wish is written, and one that was refused is tried again a second later. ``read`` returns what has been
    written; what is in force is ``limit_bps``. A target's cap is divided over its pods. Its user moves time with
    ``advance`` and the counters with ``count``.
    """

    name = "simulated"

    def __init__(  # noqa: PLR0913 - each is what one of its parts stands on
        self,
        targets: Sequence[TargetPlan],
        caps: Mapping[str, Rate],
        exogenous: Exogenous,
        plant: Plant,
        faults: Faults,
        *,
        actuation_s: float,
    ) -> None:
        self._names = [target.name for target in targets]
        self._written: dict[str, Rate] = dict(caps)
        self._wanted: dict[str, Rate] = dict(caps)
        self._busy: dict[str, tuple[float, Rate | None]] = {}  # until when, and what will be written then
        self._exogenous = exogenous
        self._faults = faults
        self._actuation_s = actuation_s
        self._pending: list[tuple[float, int, int]] = []  # (due, target, cap)
        self._caps = [
            _Caps(caps[t.name].bps / exogenous.pods[i][0], exogenous.pods[i][0], t.template * plant.capacity_bps)
            for i, t in enumerate(targets)
        ]
        self._now_s = 0.0
        self._slot = 0
        self._counted: list[tuple[tuple[int, ...], int]] = [((0,) * len(targets), 0)]
        self._behind = round(plant.counter_age_s / SLOT_S)
        self.clock_offset_s = 0.0
        self.writes: list[tuple[float, str]] = []

    def advance(self, slot: int) -> None:
        """Bring into force what is due at the beginning of this slot, and meet the pods of this slot."""
        self._slot, self._now_s = slot, slot * SLOT_S
        for at, caps in enumerate(self._caps):
            pods = self._exogenous.pods[at][slot]
            if pods != caps.pods:
                caps.fresh = min(pods, caps.fresh + max(0, pods - caps.pods))
                caps.pods = pods
                cap_bps = self._written[self._names[at]].bps
                self._pending.append((self._now_s + self._actuation_s, at, cap_bps))
        self._carry_out()
        if self._pending:
            now_s = self._now_s + 1e-9
            for due_s, at, cap_bps in self._pending:
                if due_s <= now_s:
                    caps = self._caps[at]
                    caps.share_bps, caps.fresh = float(split(cap_bps, caps.pods).bps), 0
            self._pending = [one for one in self._pending if one[0] > now_s]

    def limit_bps(self, target: int) -> float:
        """Return what the pods of a target may send together now."""
        return self._caps[target].total_bps

    def count(self, sent_bits: Sequence[float], other_bits: float) -> None:
        """Advance the byte counters by one slot."""
        before, other = self._counted[-1]
        if self._faults.active("counters-frozen", self._now_s):
            self._counted.append((before, other))
            return
        sent = tuple(count + int(bits / 8.0) for count, bits in zip(before, sent_bits, strict=True))
        self._counted.append((sent, other + int(other_bits / 8.0)))

    def read(self) -> Mapping[str, Rate | None]:
        """Return the caps as written."""
        return dict(self._written)

    def apply(self, caps: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """Wish for these caps; each is in force ``actuation_s`` after it was written. Return what is written now."""
        self._wanted.update(caps)
        self._carry_out()
        return dict(self._written)

    def _carry_out(self) -> None:
        """End the writes that are due, and begin those that are wanted."""
        for name, (until_s, cap) in list(self._busy.items()):
            if until_s <= self._now_s + 1e-9:
                del self._busy[name]
                if cap is not None:
                    self._write(name, cap)
        for name, cap in self._wanted.items():
            if cap != self._written[name] and name not in self._busy:
                self._begin(name, cap)

    def _begin(self, name: str, cap: Rate) -> None:
        fault = self._faults.active("writes-fail", self._now_s)
        if fault and self._exogenous.chances[self._slot] < fault.amounts["share"]:
            self._busy[name] = (self._now_s + _RETRY_S, None)
        elif slow_s := self._faults.amount("slow-api", "s", self._now_s):
            self._busy[name] = (self._now_s + slow_s, cap)
        else:
            self._write(name, cap)

    def _write(self, name: str, cap: Rate) -> None:
        self._written[name] = cap
        self.writes.append((self._now_s, name))
        self._pending.append((self._now_s + self._actuation_s, self._names.index(name), cap.bps))

    def usage(self) -> Usage | None:
        """Return the byte counters; none while they are lost."""
        if self._faults.active("counters-lost", self._now_s):
            return None
        sent, other = self._counted[max(0, len(self._counted) - 1 - self._behind)]
        return Usage(self._now_s + self.clock_offset_s, dict(zip(self._names, sent, strict=True)), other)

    def release(self) -> None:
        """Do nothing: a simulation ends with its run."""

    def close(self) -> None:
        """Do nothing: nothing is open."""

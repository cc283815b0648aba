"""The terms of a policy's decisions: what each is, in its unit, and how it moved over the log."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from detnet.model.rate import human
from detnet.text import Table
from detnet.timeline.entry import Entry

_MEANING: Mapping[str, str] = {
    "capacity_bps": "what the bottleneck carries, as learned",
    "knee_bps": "where exploration turns careful",
    "strain": "share of the room for delay that is used",
    "other_bps": "critical and other traffic, measured",
    "reserve_bps": "how fast that traffic was seen to rise",
    "ewma_jitter_ratio": "smoothed jitter or loss over its limit",
    "ewma_latency_ratio": "smoothed latency over its limit",
    "policy_failed": "1: the policy failed, the guard decided",
}
_SHARES = frozenset({"strain"})


@dataclass(slots=True)
class Range:
    """How one term moved."""

    low: float
    high: float
    last: float

    def add(self, value: float) -> None:
        """Widen the range by one value."""
        self.low, self.high, self.last = min(self.low, value), max(self.high, value), value


@dataclass(slots=True)
class Terms:
    """The terms of a log by policy, and the last decision of each."""

    ranges: dict[str, dict[str, Range]] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def add(self, entry: Entry) -> None:
        """Add the terms of one pass."""
        ranges = self.ranges.setdefault(entry.policy, {})
        for name, value in entry.terms.items():
            if name in ranges:
                ranges[name].add(value)
            else:
                ranges[name] = Range(value, value, value)
        self.reasons[entry.policy] = entry.reason

    def tables(self) -> list[tuple[str, str, Table]]:
        """Return (policy, its last decision, its terms), in the order in which the policies came."""
        return [(policy, self.reasons[policy], _table(ranges)) for policy, ranges in self.ranges.items()]


def _table(ranges: Mapping[str, Range]) -> Table:
    rows = [
        (_named(name), shown(name, each.last), shown(name, each.low), shown(name, each.high))
        for name, each in ranges.items()
    ]
    return Table(("term", "at the end", "lowest", "highest"), tuple(rows))


def _named(name: str) -> str:
    plain = name.rpartition("_")[0] if name.endswith(("_bps", "_ms", "_s", "_ratio")) else name
    return f"{plain}: {_MEANING[name]}" if name in _MEANING else plain


def shown(name: str, value: float) -> str:
    """Return a term's value in the unit that its name ends in."""
    if name.endswith("_bps"):
        return human(value)
    if name in _SHARES:
        return f"{100 * value:.2g} %"
    unit = next((unit for unit in ("ms", "s") if name.endswith(f"_{unit}")), "")
    return f"{value:.3g} {unit}".rstrip()

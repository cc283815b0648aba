"""What the picture of a log is drawn from: columns that widen as the log grows, so that memory is bounded."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass, field

from detnet.control.decision import Mode
from detnet.timeline.entry import Entry, Step
from detnet.timeline.episodes import Episode, State

_MOST = 2400
"""Columns at most: two for each pixel of the picture's axis."""
_FIRST_WIDTH_S = 0.5

Key = tuple[str, ...]
"""A series: ``("budget",)``, ``("cap", target)``, ``("stress", workload, figure)``, and so on."""


@dataclass(slots=True)
class Extent:
    """The values of one series in one column; a value that is not known is no value."""

    low: float
    high: float
    last: float


@dataclass(slots=True)
class Column:
    """A span of the log."""

    extents: dict[Key, Extent] = field(default_factory=dict)
    states: set[State] = field(default_factory=set)
    lanes: set[str] = field(default_factory=set)

    def take(self, key: Key, value: float) -> None:
        """Take one value in."""
        extent = self.extents.get(key)
        if extent is None:
            self.extents[key] = Extent(value, value, value)
        else:
            extent.low, extent.high, extent.last = min(extent.low, value), max(extent.high, value), value

    def add(self, later: Column) -> None:
        """Take the next column in."""
        for key, extent in later.extents.items():
            for value in (extent.low, extent.high, extent.last):
                self.take(key, value)
        self.states |= later.states
        self.lanes |= later.lanes


@dataclass(slots=True)
class Bins:
    """The columns of a log by number; ``lanes`` counts passes by kind of decision, ``end_s`` is where the log ends."""

    width_s: float = _FIRST_WIDTH_S
    columns: dict[int, Column] = field(default_factory=dict)
    lanes: Counter[str] = field(default_factory=Counter)
    limits: dict[Key, float] = field(default_factory=dict)
    end_s: float = 0.0

    def take(self, step: Step) -> None:
        """Take one step in."""
        self.end_s = step.start_s + step.length_s
        while self.end_s / self.width_s >= _MOST:
            self._widen()
        state = next(iter(Episode.of(step).seconds))
        first = int(step.start_s / self.width_s)
        for number in range(first, max(first + 1, math.ceil(self.end_s / self.width_s))):
            self.columns.setdefault(number, Column()).states.add(state)
        if step.entry is not None:
            self._fill(self.columns[first], step.entry)

    def series(self, key: Key) -> list[tuple[float, Extent | None]]:
        """Return a series as (time in s, extent), ``None`` where it breaks off."""
        found: list[tuple[float, Extent | None]] = []
        for number in sorted(self.columns):
            column = self.columns[number]
            extent = column.extents.get(key)
            if extent is not None:
                found.append((number * self.width_s, extent))
            elif found and found[-1][1] is not None and (column.extents or State.SILENT in column.states):
                found.append((number * self.width_s, None))
        return found

    def keys(self, kind: str) -> list[Key]:
        """Return the series of one kind, in the order of their first appearance."""
        return list(dict.fromkeys(k for n in sorted(self.columns) for k in self.columns[n].extents if k[0] == kind))

    def spans(self, *states: State) -> list[tuple[float, float]]:
        """Return where one of these states was, as (from, to) in s, neighbours joined."""
        found: list[tuple[float, float]] = []
        for number in sorted(n for n, column in self.columns.items() if column.states & set(states)):
            start_s, end_s = number * self.width_s, min((number + 1) * self.width_s, self.end_s)
            if found and found[-1][1] >= start_s:
                found[-1] = (found[-1][0], end_s)
            else:
                found.append((start_s, end_s))
        return found

    def _fill(self, column: Column, entry: Entry) -> None:
        kind = entry.mode if entry.mode == Mode.BLIND.value else entry.action
        column.lanes.add(kind)
        self.lanes[kind] += 1
        column.take(("budget",), entry.after_bps)
        for name, bps in (("best effort", entry.best_effort_bps), ("other", entry.other_bps)):
            if bps is not None:
                column.take((name,), bps)
        for target, bps in entry.caps_bps.items():
            column.take(("cap", target), bps)
        for finding in entry.findings:
            self.limits["stress", finding.workload, finding.figure] = finding.limit
            if finding.stress is not None:
                column.take(("stress", finding.workload, finding.figure), finding.stress)
            if math.isfinite(finding.age_s):
                column.take(("age", finding.workload), finding.age_s)

    def _widen(self) -> None:
        """Join neighbours, so that the columns reach twice as far."""
        joined: dict[int, Column] = {}
        for number in sorted(self.columns):
            if number // 2 in joined:
                joined[number // 2].add(self.columns[number])
            else:
                joined[number // 2] = self.columns[number]
        self.columns, self.width_s = joined, 2 * self.width_s

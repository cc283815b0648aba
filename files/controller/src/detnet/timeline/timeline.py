"""From an audit log to its timeline, read once from beginning to end."""

from __future__ import annotations

import textwrap
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from detnet.telemetry import json_lines
from detnet.text import WIDTH, many, to_ascii
from detnet.timeline import sentences
from detnet.timeline.entry import Entry, Step, parse, steps
from detnet.timeline.episodes import Episode, Fold, State, fold
from detnet.timeline.sentences import beginning, ending, moves, span
from detnet.timeline.tail import tail
from detnet.timeline.terms import Terms
from detnet.timeline.totals import Totals
from detnet.timeline.window import Window

SHOWN = 40
"""How many episodes the terminal gets unless all are asked for."""

_INDENT = " " * 10


@dataclass(slots=True)
class Timeline:
    """A log that has been read: its last episodes, its totals and the terms of its decisions."""

    path: Path
    episodes: deque[Episode]
    totals: Totals = field(default_factory=Totals)
    terms: Terms = field(default_factory=Terms)
    torn: int = 0
    foreign: int = 0

    @property
    def left_out(self) -> int:
        """How many earlier episodes are counted but not kept."""
        return self.totals.episodes - len(self.episodes)

    def headline(self) -> str:
        """Return the log in one sentence."""
        whole = self.totals.whole
        if whole is None:
            unread = [many(n, f"{kind} line") for n, kind in ((self.torn, "torn"), (self.foreign, "foreign")) if n]
            return f"{self.path} holds no decision{f', only {unread[0]}' if unread else ''}"
        breached_s = whole.seconds[State.BREACHED] + whole.seconds[State.SETTLING]
        blind = f", blind for {span(whole.seconds[State.BLIND])}" if whole.seconds[State.BLIND] else ""
        return (
            f"{span(whole.length_s)} in {many(self.totals.episodes, 'episode')}: "
            f"breached or settling for {span(breached_s)}{blind}, {many(whole.actions['cut'], 'cut')}"
        )

    def text(self, *, unicode: bool = True) -> str:
        """Return the timeline for a terminal, 100 columns wide."""
        shown = "\n".join(self._text(unicode=unicode))
        return shown if unicode else to_ascii(shown)

    def _text(self, *, unicode: bool) -> Iterator[str]:
        yield f"{self.headline()}."
        if self.totals.whole is None:
            return
        yield ""
        if self.left_out:
            yield f"{many(self.left_out, 'earlier episode')} not shown: --all shows them, --from a part of the log."
        yield from paragraphs(self.episodes)
        yield f"\n{self.totals.states().text(width=WIDTH, unicode=unicode)}"
        yield f"\n{self.totals.deeds(self.torn, self.foreign).text(width=WIDTH, unicode=unicode)}"
        for policy, reason, table in self.terms.tables():
            yield "\n" + textwrap.fill(f"Policy {policy}, its last decision: {reason}", WIDTH)
            if table.rows:
                yield f"\n{table.text(width=WIDTH, unicode=unicode)}"


def read(
    path: Path, window: Window, *, shown: int | None = SHOWN, take: Callable[[Step], object] | None = None
) -> Timeline:
    """Read an audit log with its rotated files, once.

    Args:
        path: the log.
        window: the part to read.
        shown: how many episodes to keep, from the end; ``None`` for all.
        take: also called with each step of the log, in order.

    Raises:
        UserError: there is no such log, it cannot be read, or it holds several domains and none was chosen.
    """
    timeline = Timeline(path, deque(maxlen=shown))
    lines = json_lines.read(path)

    def ours() -> Iterator[Entry]:
        for raw in lines:
            entry = parse(raw)
            if entry is None:
                timeline.foreign += 1
            else:
                yield entry

    def asked_for() -> Iterator[Entry]:
        for entry in window.through(ours()):
            timeline.terms.add(entry)
            yield entry

    def seen() -> Iterator[Step]:
        for step in steps(asked_for()):
            if take is not None:
                take(step)
            yield step

    timeline.episodes.extend(timeline.totals.through(fold(seen())))
    timeline.torn = lines.torn
    return timeline


def paragraphs(episodes: deque[Episode]) -> Iterator[str]:
    """Yield the episodes as paragraphs, each with its time, a line above each new day."""
    day = None
    for episode, began, ended in sentences.described(episodes):
        if episode.began.date() != day:
            day = episode.began.date()
            yield f"{day.isoformat()} {episode.began.tzname()}"
        yield paragraph(f"{episode.began:%H:%M:%S}", f"{began} {ended}")


def follow(path: Path, window: Window, wait: Callable[[float], object] = time.sleep) -> Iterator[str]:
    """Yield paragraphs as the log grows: a breach when it begins, and every episode when it has ended.

    Args:
        path: the log; its rotated files are not read.
        window: the part to read.
        wait: called with seconds when there is nothing new.

    Raises:
        UserError: there is no such log, or it cannot be read.
    """
    entries = window.through(entry for entry in map(parse, tail(path, wait)) if entry is not None)
    folding, announced = Fold(), None
    for step in steps(entries):
        for ended in folding.add(step):
            now = folding.now or ended
            if ended is announced:
                yield paragraph(f"{now.began:%H:%M:%S}", f"{ending(ended, now.state)} {moves(ended)}")
            else:
                yield paragraph(f"{ended.began:%H:%M:%S}", f"{beginning(ended)} {ending(ended, now.state)}")
        if folding.now is not announced and folding.now and folding.now.state is not State.MET:
            announced = folding.now
            yield paragraph(f"{announced.began:%H:%M:%S}", beginning(announced))


def paragraph(head: str, text: str) -> str:
    """Return a text wrapped beside its head."""
    return textwrap.fill(
        text.strip(), WIDTH, initial_indent=head.ljust(len(_INDENT)), subsequent_indent=_INDENT, break_on_hyphens=False
    )

"""From an audit log to its story, read once from begin to end."""

from __future__ import annotations

import textwrap
import time
from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from detnet.report.story import sentences
from detnet.report.story.bins import Bins
from detnet.report.story.entry import Entry, parse, steps
from detnet.report.story.episodes import Episode, Fold, State, fold
from detnet.report.story.follow import follow
from detnet.report.story.sentences import beginning, ending, moves, span
from detnet.report.story.terms import Terms
from detnet.report.story.totals import Totals
from detnet.report.story.window import Window
from detnet.report.table import to_ascii
from detnet.report.words import many
from detnet.telemetry.json_lines import read

SHOWN = 40
"""How many episodes the terminal gets unless all are asked for."""

_WIDTH = 100
_INDENT = " " * 10


@dataclass(slots=True)
class Timeline:
    """A log that has been read: its last episodes, its totals, its terms and its picture's material."""

    path: Path
    episodes: deque[Episode]
    totals: Totals = field(default_factory=Totals)
    terms: Terms = field(default_factory=Terms)
    bins: Bins = field(default_factory=Bins)
    torn: int = 0
    foreign: int = 0

    @property
    def left_out(self) -> int:
        """How many earlier episodes are counted but not told."""
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
        """Return the story for a terminal, 100 columns wide."""
        shown = "\n".join(self._text(unicode=unicode))
        return shown if unicode else to_ascii(shown)

    def _text(self, *, unicode: bool) -> Iterator[str]:
        yield f"{self.headline()}."
        if self.totals.whole is None:
            return
        yield ""
        if self.left_out:
            yield f"{many(self.left_out, 'earlier episode')} not told here: --all tells everything, --from a part."
        yield from story(self.episodes)
        yield f"\n{self.totals.states().text(width=_WIDTH, unicode=unicode)}"
        yield f"\n{self.totals.deeds(self.torn, self.foreign).text(width=_WIDTH, unicode=unicode)}"
        for policy, reason, table in self.terms.tables():
            yield "\n" + textwrap.fill(f"Policy {policy}, its last decision: {reason}", _WIDTH)
            if table.rows:
                yield f"\n{table.text(width=_WIDTH, unicode=unicode)}"


def tell(path: Path, window: Window, *, shown: int | None = SHOWN) -> Timeline:
    """Read an audit log with its rotated files, once.

    Args:
        path: the log.
        window: the part that is told.
        shown: how many episodes to keep, from the end; ``None`` for all.

    Raises:
        UserError: there is no such log, it cannot be read, or it tells of several domains and none was chosen.
    """
    told = Timeline(path, deque(maxlen=shown))
    lines = read(path)

    def ours() -> Iterator[Entry]:
        for raw in lines:
            entry = parse(raw)
            if entry is None:
                told.foreign += 1
            else:
                yield entry

    def asked_for() -> Iterator[Entry]:
        for entry in window.through(ours()):
            told.terms.take(entry)
            yield entry

    told.episodes.extend(told.totals.through(fold(told.bins.through(steps(asked_for())))))
    told.torn = lines.torn
    return told


def story(episodes: deque[Episode]) -> Iterator[str]:
    """Yield the episodes as paragraphs, each with its time, a line above each new day."""
    day = None
    for episode, began, ended in sentences.told(episodes):
        if episode.began.date() != day:
            day = episode.began.date()
            yield f"{day.isoformat()} {episode.began.tzname()}"
        yield paragraph(f"{episode.began:%H:%M:%S}", f"{began} {ended}")


def live(path: Path, window: Window, wait: Callable[[float], object] = time.sleep) -> Iterator[str]:
    """Yield paragraphs as the log grows: what is wrong when it begins, and everything when it has ended.

    Args:
        path: the log; its rotated files are not read.
        window: the part that is told.
        wait: called with seconds when there is nothing new.

    Raises:
        UserError: there is no such log, or it cannot be read.
    """
    entries = window.through(entry for entry in map(parse, follow(path, wait)) if entry is not None)
    folding, announced = Fold(), None
    for step in steps(entries):
        for ended in folding.take(step):
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
        text.strip(), _WIDTH, initial_indent=head.ljust(len(_INDENT)), subsequent_indent=_INDENT, break_on_hyphens=False
    )

"""The whole log in one table: how long each state lasted, and what was done."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator

from detnet.control.decision import Action
from detnet.text import Table, fault, share
from detnet.timeline.episodes import Episode, State
from detnet.timeline.sentences import span

_ROWS = {
    State.MET: "every objective met",
    State.BREACHED: "an objective breached",
    State.SETTLING: "settling after a cut",
    State.BLIND: "blind: no fresh evidence",
    State.UNRESOLVED: "unresolved evidence",
    State.SILENT: "silent: nothing logged",
}


class Totals:
    """Adds up episodes; they may be thrown away afterwards."""

    def __init__(self) -> None:
        self.whole: Episode | None = None
        self.episodes = 0

    def through(self, episodes: Iterable[Episode]) -> Iterator[Episode]:
        """Pass episodes on and count them."""
        for episode in episodes:
            self.episodes += 1
            if self.whole is None:
                self.whole = Episode(episode.state, episode.began, 0.0, 0.0, restarted=False, seconds=Counter())
            self.whole.add(episode)
            yield episode

    def states(self) -> Table:
        """Return how long each state lasted."""
        seconds = self.whole.seconds if self.whole else {}
        total_s = sum(seconds.values())
        rows = [
            (name, span(seconds[state]), _share(state, seconds[state] / total_s))
            for state, name in _ROWS.items()
            if seconds.get(state)
        ]
        return Table(("state", "time", "share"), (*rows, ("the log", span(total_s), "")), summed=True)

    def deeds(self, torn: int, foreign: int) -> Table:
        """Return what was done and what was lost; ``torn`` and ``foreign`` lines are those that could not be read."""
        whole = self.whole
        moves = {f"{each.value}s": whole.actions[each.value] if whole else 0 for each in Action}
        counts = {
            "passes": whole.passes if whole else 0,
            **moves,
            "caps written": whole.written if whole else 0,
            "errors in writing caps": whole.errors if whole else 0,
            "lines that the controller lost": whole.lost if whole else 0,
            "torn lines": torn,
            "foreign lines": foreign,
        }
        return Table(("what", "times"), tuple((name, str(count)) for name, count in counts.items() if count))


def _share(state: State, ratio: float) -> str:
    """Return a share, rounded to nobody's advantage."""
    return share(ratio, digits=1) if state is State.MET else fault(ratio)

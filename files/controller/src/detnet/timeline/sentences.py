"""Episodes in words: how each began, what was done, and how it ended."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import zip_longest

from detnet.control.decision import Action
from detnet.model.rate import human
from detnet.text import many
from detnet.timeline.entry import LoggedFinding
from detnet.timeline.episodes import Episode, State

_WORTH_SAYING = 1.2  # a worst figure this much over the first one is news


def span(length_s: float) -> str:
    """Return a duration in the two largest units that it has."""
    if length_s < 59.95:
        return f"{length_s:.1f}".removesuffix(".0") + " s"
    whole = round(length_s)
    units = [(whole // 86400, "d"), (whole // 3600 % 24, "h"), (whole // 60 % 60, "min"), (whole % 60, "s")]
    first = next(at for at, (count, _) in enumerate(units) if count)
    return " ".join(f"{count} {unit}" for count, unit in units[first : first + 2] if count)


def beginning(episode: Episode) -> str:
    """Return what was true and what was done about it, in one or two sentences."""
    parts = [_said(episode)]
    if episode.restarted:
        parts.insert(0, "The controller started, or took a new configuration.")
    if episode.blocked_reason:
        parts.append(f"No cap was written: {episode.blocked_reason}.")
    if episode.errors:
        parts.append(f"{many(episode.errors, 'error')} in writing caps, the first: {episode.error}.")
    if episode.lost:
        parts.append(f"{many(episode.lost, 'line')} of the log lost here.")
    return " ".join(parts)


def described(episodes: Sequence[Episode]) -> Iterator[tuple[Episode, str, str]]:
    """Yield each episode with what it was and how it ended."""
    states = [episode.state for episode in episodes]
    for episode, after in zip_longest(episodes, states[1:]):
        yield episode, beginning(episode), ending(episode, after)


def _said(episode: Episode) -> str:
    match episode.state:
        case State.BREACHED:
            return _breached(episode)
        case State.BLIND:
            return _blind(episode)
        case State.SILENT:
            return f"No entry for {span(episode.length_s)}: the controller or its log stood still."
        case State.MET:
            return f"Every objective met. {moves(episode)}"
        case _:
            return _unresolved(episode)


def ending(episode: Episode, after: State | None) -> str:
    """Return how an episode ended; nothing for those whose end says nothing."""
    if episode.state in (State.MET, State.SILENT):
        return ""
    if after is None:
        return "Still so when the log ends."
    lasted = span(episode.length_s)
    if after is State.MET:
        return {
            State.BREACHED: f"Clean again after {lasted}.",
            State.BLIND: f"Fresh evidence, and all met, after {lasted}.",
            State.UNRESOLVED: f"All met after {lasted}.",
        }[episode.state]
    next_ = {
        State.BREACHED: "a breach",
        State.BLIND: "no evidence",
        State.UNRESOLVED: "unresolved evidence",
        State.SILENT: "silence",
    }
    return f"{next_.get(after, after.value).capitalize()} after {lasted}."


def figure(seen: LoggedFinding) -> str:
    """Return a figure of a workload against its limit."""
    name = f"{seen.workload}'s"
    if seen.figure == "loss":
        lost = "an unknown share" if seen.high is None else f"{100 * seen.high:.3g} %"
        return f"{name} loss was {lost}, limit {100 * seen.limit:g} %"
    value = _ms(seen.high)
    if seen.figure == "jitter":
        return f"{name} delay was {value} over the quiet path, limit {seen.limit:g} ms"
    return f"{name} {seen.figure} was {value}, limit {seen.limit:g} ms"


def _ms(value_ms: float | None) -> str:
    if value_ms is None or math.isinf(value_ms):
        return "beyond measure" if value_ms else "unknown"
    return f"{value_ms:.3g} ms"


def _breached(episode: Episode) -> str:
    first, worst = episode.first, episode.worst
    what = figure(first) if first else "A cut had not had time to show"
    if first and worst and (worst.stress or 0.0) > _WORTH_SAYING * (first.stress or 0.0):
        peak = figure(worst) if (worst.workload, worst.figure) != (first.workload, first.figure) else _value(worst)
        what += f" (at worst {peak})"
    if episode.sending_bps is not None:
        what += f", while best effort sent {human(episode.sending_bps)}"
    return f"{what}. {moves(episode)}"


def _value(seen: LoggedFinding) -> str:
    return f"{100 * (seen.high or 0.0):.3g} %" if seen.figure == "loss" else _ms(seen.high)


def _blind(episode: Episode) -> str:
    who = episode.first.workload if episode.first else "a workload"
    age = f", the newest {span(episode.oldest_s)} old" if episode.oldest_s else ""
    why = f" ({episode.source_error})" if episode.source_error else ""
    return f"No fresh evidence of {who}{age}{why}. {moves(episode)}"


def _unresolved(episode: Episode) -> str:
    seen = episode.first
    why = f" ({episode.source_error})" if episode.source_error else ""
    who = f" of {seen.workload}" if seen else ""
    if seen is None or (seen.high or 0.0) <= seen.limit:
        return f"Too little evidence{who}{why}. {moves(episode)}"
    return f"The evidence was undecided: {figure(seen)}{why}. {moves(episode)}"


def moves(episode: Episode) -> str:
    """Return what became of the budget."""
    counts = {action: episode.actions[action.value] for action in Action if action is not Action.HOLD}
    moved = {action: count for action, count in counts.items() if count}
    start, end = human(episode.from_bps), human(episode.to_bps)
    if not moved:
        return f"The budget stayed at {end}."
    held = f"Held {start} for {span(episode.held_s)}, then " if episode.held_s >= 1.0 else ""
    if len(moved) == 1:
        ((action, count),) = moved.items()
        done = {Action.CUT: "cut", Action.RAISE: "raised", Action.TRIM: "trimmed", Action.DECAY: "decayed"}[action]
        steps = f" in {count} steps" if count > 1 else ""
        return _sentence(f"{held}{done} {'' if held else f'from {start} '}to {end}{steps}.")
    names = [many(count, action.value) for action, count in moved.items()]
    low, high = human(episode.lowest_bps), human(episode.highest_bps)
    return _sentence(f"{held}{joined(names)} between {low} and {high}, at the end {end}.")


def joined(each: Sequence[str]) -> str:
    """Return words as a list in a sentence."""
    return each[0] if len(each) == 1 else f"{', '.join(each[:-1])} and {each[-1]}"


def _sentence(text: str) -> str:
    return text[0].upper() + text[1:]

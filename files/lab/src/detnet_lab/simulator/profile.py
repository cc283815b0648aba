"""Profiles: how a rate changes over a scenario, as a sum of terms, each a share of the plant's capacity.

A profile is drawn once per seed into one value per slot, so that every policy meets the same one.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import pairwise
from random import Random
from typing import Any

from detnet.model.errors import ConfigError
from detnet_lab.simulator.plant import SLOT_S

Term = Mapping[str, Any]

_KEYS: dict[str, dict[str, float | None]] = {
    # term: its keys, with their defaults; None must be given
    "square": {"high": None, "low": 0.0, "on_s": None, "off_s": None, "start_s": 0.0},
    "pareto": {"high": None, "low": 0.0, "on_s": None, "off_s": None, "shape": 1.5},
    "bursts": {"high": None, "for_s": None, "every_s": None},
    "sine": {"high": None, "period_s": None, "start_s": 0.0},
    "pulse": {"high": None, "start_s": None, "for_s": None},
}
_TERMS = ("level", "steps", "ramps", *_KEYS)


def check(profile: object, where: str) -> tuple[Term, ...]:
    """Return a profile as its terms: a number is a level, a mapping one term, a list their sum.

    Raises:
        ConfigError: it is none of these.
    """
    if isinstance(profile, int | float) and not isinstance(profile, bool):
        profile = [{"level": profile}]
    terms = [profile] if isinstance(profile, Mapping) else profile
    if not isinstance(terms, list) or not terms:
        raise ConfigError(f"{where}: expected a share of the capacity or a list of terms, found {profile!r}")
    return tuple(_term(term, where) for term in terms)


def draw(terms: Sequence[Term], slots: int, random: Random) -> list[float]:
    """Return the sum of the terms for every slot."""
    total = [0.0] * slots
    for term in terms:
        ((kind, value),) = term.items()
        for at, share in enumerate(_DRAW[kind](value, slots, random)):
            total[at] += share
    return total


def _term(term: object, where: str) -> Term:
    if not isinstance(term, Mapping) or len(term) != 1 or next(iter(term)) not in _TERMS:
        raise ConfigError(f"{where}: expected a mapping with one of {', '.join(_TERMS)}, found {term!r}")
    ((kind, value),) = term.items()
    if kind == "level":
        return {kind: _number(value, f"{where}: level")}
    if kind in {"steps", "ramps"}:
        return {kind: _points(value, f"{where}: {kind}")}
    if not isinstance(value, Mapping):
        raise ConfigError(f"{where}: {kind}: expected a mapping, found {value!r}")
    known = _KEYS[kind]
    if unknown := sorted(str(key) for key in value if key not in known):
        raise ConfigError(f"{where}: {kind}: unknown key {unknown[0]!r}; known are {', '.join(known)}")
    if missing := [key for key, default in known.items() if default is None and key not in value]:
        raise ConfigError(f"{where}: {kind}: {missing[0]} is missing")
    full = {key: _number(value.get(key, default), f"{where}: {kind}: {key}") for key, default in known.items()}
    if bad := [key for key in ("on_s", "off_s", "every_s", "period_s", "for_s", "shape") if full.get(key, 1.0) <= 0.0]:
        raise ConfigError(f"{where}: {kind}: {bad[0]} must be positive")
    if kind == "pareto" and full["shape"] <= 1.0:
        raise ConfigError(f"{where}: pareto: a shape of {full['shape']:g} has no mean; give more than 1")
    return {kind: full}


def _number(value: object, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not math.isfinite(value):
        raise ConfigError(f"{where}: expected a number, found {value!r}")
    return float(value)


def _points(value: object, where: str) -> list[tuple[float, float]]:
    if not isinstance(value, list) or not value or any(not isinstance(one, list) or len(one) != 2 for one in value):
        raise ConfigError(f"{where}: expected a list of [second, share], found {value!r}")
    points = [(_number(at, where), _number(share, where)) for at, share in value]
    if any(later <= earlier for (earlier, _), (later, _) in pairwise(points)):
        raise ConfigError(f"{where}: the seconds must ascend")
    return points


def _level(value: float, slots: int, _: Random) -> list[float]:
    return [value] * slots


def _steps(points: Sequence[tuple[float, float]], slots: int, _: Random) -> list[float]:
    starts = [at_s for at_s, _ in points]
    return [points[max(0, bisect_right(starts, (at + 0.5) * SLOT_S) - 1)][1] for at in range(slots)]


def _ramps(points: Sequence[tuple[float, float]], slots: int, _: Random) -> list[float]:
    starts = [at_s for at_s, _ in points]
    values = []
    for at in range(slots):
        now_s = at * SLOT_S
        after = bisect_right(starts, now_s)
        if after in {0, len(points)}:
            values.append(points[min(after, len(points) - 1)][1])
            continue
        (from_s, low), (to_s, high) = points[after - 1], points[after]
        values.append(low + (high - low) * (now_s - from_s) / (to_s - from_s))
    return values


def _square(term: Mapping[str, float], slots: int, _: Random) -> list[float]:
    period_s = term["on_s"] + term["off_s"]
    times_s = ((at + 0.5) * SLOT_S - term["start_s"] for at in range(slots))
    return [term["high"] if at_s >= 0.0 and at_s % period_s < term["on_s"] else term["low"] for at_s in times_s]


def _pareto(term: Mapping[str, float], slots: int, random: Random) -> list[float]:
    """On and off for Pareto times with the given means: traffic that looks the same at every scale."""
    scale = (term["shape"] - 1.0) / term["shape"]
    values: list[float] = []
    on = False
    while len(values) < slots:
        mean_s, share = (term["on_s"], term["high"]) if on else (term["off_s"], term["low"])
        length_s = mean_s * scale * random.paretovariate(term["shape"])
        values.extend([share] * min(max(1, round(length_s / SLOT_S)), slots))
        on = not on
    return values[:slots]


def _bursts(term: Mapping[str, float], slots: int, random: Random) -> list[float]:
    values = [0.0] * slots
    at_s = random.expovariate(1.0 / term["every_s"])
    while at_s < slots * SLOT_S:
        first = int(at_s / SLOT_S)
        length = max(1, round(term["for_s"] / SLOT_S))
        values[first : first + length] = [term["high"]] * len(values[first : first + length])
        at_s += random.expovariate(1.0 / term["every_s"])
    return values


def _sine(term: Mapping[str, float], slots: int, _: Random) -> list[float]:
    turns = (((at * SLOT_S) - term["start_s"]) / term["period_s"] for at in range(slots))
    return [term["high"] * 0.5 * (1.0 - math.cos(2.0 * math.pi * turn)) for turn in turns]


def _pulse(term: Mapping[str, float], slots: int, _: Random) -> list[float]:
    first, last = term["start_s"], term["start_s"] + term["for_s"]
    return [term["high"] if first <= (at + 0.5) * SLOT_S < last else 0.0 for at in range(slots)]


_DRAW: Mapping[str, Any] = {
    "level": _level,
    "steps": _steps,
    "ramps": _ramps,
    "square": _square,
    "pareto": _pareto,
    "bursts": _bursts,
    "sine": _sine,
    "pulse": _pulse,
}

"""The answer of the probe's ``GET /samples``, taken apart with suspicion.

It comes over the network from another process, so every value is checked before it becomes evidence; one wrong value
makes the whole answer unusable, for a probe that sends one cannot be trusted with the others.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass

from .errors import ErrorKind, SourceError


@dataclass(frozen=True, slots=True)
class PathReply:
    """What is new on one path: pairs of age (seconds since sending) and round-trip time (ms, ``None``: lost)."""

    samples: tuple[tuple[float, float | None], ...]
    invalidated: bool


@dataclass(frozen=True, slots=True)
class Reply:
    """``instance`` names one run of the probe; ``cursor`` is what the next question passes back."""

    instance: str
    cursor: int
    paths: Mapping[str, PathReply]


def parse(body: bytes) -> Reply:
    """Return the reply in ``body``.

    Raises:
        SourceError: it is no JSON, or not a reply of our probe.
    """
    try:
        document = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise SourceError(ErrorKind.INVALID_JSON, "the probe's answer is no JSON: check the port") from error
    try:
        paths = {str(name): _path(entry) for name, entry in document["paths"].items()}
        return Reply(_instance(document["instance"]), _cursor(document["cursor"]), paths)
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        sentence = "the probe's answer is not a list of samples: run probe and controller of the same version"
        raise SourceError(ErrorKind.INVALID_ANSWER, sentence) from error


def _instance(value: object) -> str:
    if not isinstance(value, str) or not 0 < len(value) <= 200:
        raise TypeError("no instance")
    return value


def _cursor(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 0:
        raise TypeError("no cursor")
    return value


def _path(entry: Mapping[str, object]) -> PathReply:
    samples, invalidated = entry["samples"], entry["invalidated"]
    if not isinstance(samples, list) or not isinstance(invalidated, bool):
        raise TypeError("samples or invalidated")
    return PathReply(tuple((_number(age), None if rtt is None else _number(rtt)) for age, rtt in samples), invalidated)


def _number(value: object) -> float:
    """Return a finite number that is not negative; JSON's ``true`` and Python's ``NaN`` are none."""
    if type(value) not in {int, float}:
        raise TypeError("not a number")
    number = float(value)  # type: ignore[arg-type] # narrowed by type() so that bool stays out
    if not math.isfinite(number) or number < 0.0:
        raise ValueError("not a finite number of at least 0")
    return number

"""Values with units, as people write them: ``2ms``, ``30s``, ``1%``, ``100M``.

A number without a unit is refused: "2" could be seconds or milliseconds, and a controller must not guess.
"""

from __future__ import annotations

import math
import re

from .rate import Rate

_NUMBER = re.compile(r"\s*(?P<number>\d+(?:\.\d+)?|\.\d+)\s*(?P<unit>[^\d\s]*)\s*", re.ASCII)
_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "min": 60.0, "h": 3600.0}


def parse_duration_s(value: object) -> float:
    """Read ``500ms``, ``30s`` or ``5min`` as seconds; a float is seconds already (used by defaults only).

    Raises:
        ValueError: no number, no unit, or an unknown unit.
    """
    number, unit = _split(value, "a duration", "500ms, 30s or 5min")
    if unit not in _SECONDS:
        raise ValueError(f"{value!r} has the unit {unit!r}; a duration ends in us, ms, s, min or h")
    return number * _SECONDS[unit]


def parse_share(value: object) -> float:
    """Read ``1%`` as 0.01.

    Raises:
        ValueError: no number or no percent sign, or more than 100 %.
    """
    number, unit = _split(value, "a share", "1%")
    if unit != "%" or not 0.0 <= number <= 100.0:
        raise ValueError(f"{value!r} is not a share; write a percentage from 0% to 100%")
    return number / 100.0


def parse_rate(value: object) -> Rate:
    """Read a Kubernetes quantity in bit/s: ``100M`` is 100 Mbit/s.

    Raises:
        ValueError: not a quantity, or no usable cap.
    """
    if isinstance(value, Rate):
        return value
    if isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        raise ValueError(f"{value!r} has no unit; write {value:g}M for {value:g} Mbit/s")
    if not isinstance(value, str):
        raise ValueError(f"{value!r} is not a rate; write a text such as 100M")  # noqa: TRY004 - pydantic collects these
    return Rate.parse(value)


def _split(value: object, what: str, example: str) -> tuple[float, str]:
    if isinstance(value, int | float) and not isinstance(value, bool):
        raise ValueError(f"{value!r} has no unit; {what} is written {example}")  # noqa: TRY004 - pydantic collects these
    match = _NUMBER.fullmatch(value) if isinstance(value, str) else None
    if match is None:
        raise ValueError(f"{value!r} is not {what}; write {example}")
    if not match["unit"]:
        raise ValueError(f"{value!r} has no unit; {what} is written {example}")
    return float(match["number"]), match["unit"]

"""How patient a loop is with growth and with silence, once policy and source have had their say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient growth is: seconds without a raise after a breach and between raises, and the least raise."""

    cooldown_s: float
    raise_every_s: float
    least_raise_bps: int


@dataclass(frozen=True, slots=True)
class Patience:
    """Up to which age, in seconds, evidence is fresh, and from which age a blind budget decays."""

    fresh_for_s: float
    decay_after_s: float

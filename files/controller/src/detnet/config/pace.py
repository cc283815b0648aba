"""How patient a loop is with silence, once the source has had its say."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Patience:
    """Up to which age, in seconds, evidence is fresh, and from which age a blind budget decays."""

    fresh_for_s: float
    decay_after_s: float

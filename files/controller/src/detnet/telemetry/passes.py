"""One pass of a control loop as it is recorded, and who takes it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from detnet.control.decision import Decision
from detnet.model.rate import Rate
from detnet.sources.source import Reading


@dataclass(frozen=True, slots=True)
class Pass:
    """One pass as it is recorded: over which domain, the decision, what came of it, and how long it took.

    ``caps`` are the caps that the decision asks for; ``in_force`` what the actuator read back (``None``: could not be
    read); ``written`` the targets whose cap this pass changed; ``blocked_reason`` why a wanted change was not made
    (observe mode, kill switch, another leader); ``errors`` what the actuator could not do.
    """

    domain: str
    decision: Decision
    caps: Mapping[str, Rate]
    in_force: Mapping[str, Rate | None] | None
    written: frozenset[str]
    blocked_reason: str | None
    errors: tuple[str, ...]
    reading: Reading
    duration_s: float


class Recorder(Protocol):
    """Where a finished pass goes."""

    def record(self, one: Pass) -> None:
        """Take one pass into metrics, audit log and status."""

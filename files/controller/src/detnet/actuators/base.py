"""What the loop needs from every actuator, so that it never knows which one it drives."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from detnet.model.errors import UserError
from detnet.model.rate import Rate


class ActuationError(UserError):
    """What enforces the caps did not do what was asked; the loop counts it, survives it and tries again.

    ``failed`` maps each target that failed to the reason, in words for a person; ``applied`` maps the targets whose new
    cap was set and read back all the same. Outside ``apply`` both are empty and the message says everything.
    """

    def __init__(
        self, message: str, *, failed: Mapping[str, str] | None = None, applied: Mapping[str, Rate] | None = None
    ) -> None:
        super().__init__(message)
        self.failed = dict(failed or {})
        self.applied = dict(applied or {})

    @property
    def targets(self) -> frozenset[str]:
        """The targets that failed."""
        return frozenset(self.failed)

    @classmethod
    def of(cls, failed: Mapping[str, str], applied: Mapping[str, Rate] | None = None) -> ActuationError:
        """Return the error whose message lists every failed target with its reason."""
        return cls("; ".join(f"target {name!r}: {why}" for name, why in failed.items()), failed=failed, applied=applied)


@dataclass(frozen=True, slots=True)
class Usage:
    """Cumulative byte counters, frame headers included; the caller makes rates of two readings.

    ``read_at_s`` is ``time.monotonic()`` of the reading. ``other_bytes`` counts all the rest of the path: critical and
    unknown traffic. A counter below its last reading means that it began again at zero.
    """

    read_at_s: float
    target_bytes: Mapping[str, int]
    other_bytes: int


class Actuator(Protocol):
    """Caps targets by name."""

    name: str

    def read(self) -> Mapping[str, Rate | None]:
        """Return what is in force now for every configured target; ``None`` means no cap.

        Raises:
            ActuationError: it cannot be read.
        """
        ...

    def apply(self, caps: Mapping[str, Rate]) -> Mapping[str, Rate]:
        """Set the caps, cuts before raises, and return what is in force after reading it back.

        Raises:
            ActuationError: names the targets that failed; all others are applied.
        """
        ...

    def usage(self) -> Usage | None:
        """Return the byte counters, or ``None`` where nothing counts.

        Raises:
            ActuationError: they cannot be read.
        """
        ...

    def release(self) -> None:
        """Restore what was there before us; nothing happens when there is nothing of ours.

        Raises:
            ActuationError: it cannot be restored.
        """
        ...

    def close(self) -> None:
        """Let go of sockets and the like; the caps stay in force."""
        ...

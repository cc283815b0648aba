"""A lab run as it was recorded (``run.json``), as plain values. Times are seconds since the run's start."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import ClassVar, Literal

TRUTH = "robot-control"
"""The critical application whose own samples judge a run: what it saw, not what the controller's probe believed."""


class _Finite:
    """Makes the validator refuse NaN and infinity: JSON has neither, Python's parser accepts both."""

    __slots__ = ()
    __pydantic_config__: ClassVar = {"allow_inf_nan": False}


@dataclass(frozen=True, slots=True)
class Link(_Finite):
    """The bottleneck as configured at the start."""

    capacity_bps: float
    buffer_ms: float


@dataclass(frozen=True, slots=True)
class Phase(_Finite):
    """A part of the run in which one thing is tried; ``best_effort`` says whether best effort wants anything in it."""

    name: str
    start_s: float
    end_s: float
    title: str
    best_effort: bool = True

    def __post_init__(self) -> None:
        """Refuse a phase without length.

        Raises:
            ValueError: it ends before it starts.
        """
        if not 0 <= self.start_s < self.end_s:
            raise ValueError(f"phase {self.name!r} from {self.start_s} to {self.end_s} s has no length")


@dataclass(frozen=True, slots=True)
class Event(_Finite):
    """Something that was done to the system at one moment."""

    at_s: float
    kind: Literal["disturbance", "fault", "note"]
    text: str


@dataclass(frozen=True, slots=True)
class Critical(_Finite):
    """What one critical application measured: (time sent, round trip in ms or ``None`` when nothing came back)."""

    protocol: str
    rate_hz: float
    samples: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class BestEffort(_Finite):
    """What one best-effort target got, and its cap (``None``: no cap), as step series in bit/s."""

    goodput_bps: tuple[tuple[float, float], ...]
    cap_bps: tuple[tuple[float, float | None], ...]


@dataclass(frozen=True, slots=True)
class Decision(_Finite):
    """One decision of the controller."""

    at_s: float
    action: str
    mode: str
    cap_before_bps: float | None
    cap_after_bps: float | None
    reason: str


@dataclass(frozen=True, slots=True)
class Run(_Finite):
    """Everything a report needs to know about one run."""

    schema: Literal[1]
    policy: str
    scenario: str
    objective_ms: float
    started_at: str
    duration_s: float
    link: Link
    phases: tuple[Phase, ...]
    events: tuple[Event, ...]
    critical: Mapping[str, Critical]
    best_effort: Mapping[str, BestEffort]
    capacity_bps: tuple[tuple[float, float], ...]
    critical_bps: tuple[tuple[float, float], ...]
    invalidated_s: tuple[float, ...]
    decisions: tuple[Decision, ...]

    def __post_init__(self) -> None:
        """Refuse what cannot be judged.

        Raises:
            ValueError: no time passed, the truth or the phases are missing, or a series is empty or not in order.
        """
        if self.duration_s <= 0 or self.objective_ms <= 0:
            raise ValueError("duration_s and objective_ms must be positive")
        if TRUTH not in self.critical:
            raise ValueError(f"critical.{TRUTH} is missing, and its samples are what a run is judged by")
        if not self.phases:
            raise ValueError("phases is empty, and the first one gives the uncongested base delay")
        for earlier, later in pairwise(self.phases):
            if later.start_s < earlier.end_s:
                raise ValueError(f"phase {later.name!r} starts before {earlier.name!r} ends")
        self._check_series()

    def _check_series(self) -> None:
        measured = {f"best_effort.{name}.goodput_bps": target.goodput_bps for name, target in self.best_effort.items()}
        measured |= {"capacity_bps": self.capacity_bps, "critical_bps": self.critical_bps}
        for name, points in measured.items():
            if not points or points[0][0] > _FIRST_VALUE_WITHIN_S:
                raise ValueError(f"{name} has no value in the run's first {_FIRST_VALUE_WITHIN_S:g} s (0 when idle)")
        caps = {f"best_effort.{name}.cap_bps": target.cap_bps for name, target in self.best_effort.items()}
        for name, steps in {**measured, **caps}.items():
            if not _ascends(steps):
                raise ValueError(f"{name} is not in order of time")


_FIRST_VALUE_WITHIN_S = 2.0


def _ascends(points: Sequence[tuple[float, float | None]]) -> bool:
    return all(earlier[0] <= later[0] for earlier, later in pairwise(points))

"""A lab run as it was recorded (``run.json``), read and checked. Times are seconds since the run's start."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, ClassVar, Literal

from pydantic import TypeAdapter, ValidationError

from detnet.model.burst import LARGEST_BYTES
from detnet.model.errors import UserError

GROUND_TRUTH = "robot-control"
"""The critical application whose own samples judge a run: what it saw, not what the controller's probe believed."""
_FIRST_VALUE_WITHIN_S = 2.0


class _Finite:
    """Makes the validator refuse NaN and infinity: JSON has neither, Python's parser accepts both."""

    __slots__ = ()
    __pydantic_config__: ClassVar = {"allow_inf_nan": False}


@dataclass(frozen=True, slots=True)
class RecordedLink(_Finite):
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
    link: RecordedLink
    phases: tuple[Phase, ...]
    events: tuple[Event, ...]
    critical: Mapping[str, Critical]
    best_effort: Mapping[str, BestEffort]
    capacity_bps: tuple[tuple[float, float], ...]
    critical_bps: tuple[tuple[float, float], ...]
    invalidated_s: tuple[float, ...]
    decisions: tuple[Decision, ...]
    enforcer: str = "tc"
    burst: str = "whole"
    ip_family: str = "ipv4"

    @property
    def burst_bytes(self) -> int | None:
        """What best effort sent at once; ``None`` where its packets were split or made small."""
        return LARGEST_BYTES if (self.enforcer, self.burst) == ("edt", "whole") else None

    def __post_init__(self) -> None:
        """Refuse what cannot be judged.

        Raises:
            ValueError: no time passed, the truth or the phases are missing, or a series is empty or not in order.
        """
        if self.duration_s <= 0 or self.objective_ms <= 0:
            raise ValueError("duration_s and objective_ms must be positive")
        if GROUND_TRUTH not in self.critical:
            raise ValueError(f"critical.{GROUND_TRUTH} is missing, and its samples are what a run is judged by")
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


def _ascends(points: Sequence[tuple[float, float | None]]) -> bool:
    return all(earlier[0] <= later[0] for earlier, later in pairwise(points))


_RUN = TypeAdapter(Run)


def load(path: Path) -> Mapping[str, Any]:
    """Return the JSON object in the file, not yet checked any further.

    Raises:
        UserError: the file cannot be read or does not hold one whole JSON object.
    """
    try:
        raw = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror}") from error
    except ValueError as error:
        raise UserError(f"{path} is not complete JSON ({error}); was the run cut short?") from error
    if not isinstance(raw, dict):
        raise UserError(f"{path} holds a {type(raw).__name__}, expected the JSON object that a lab run writes")
    return raw


def parse(raw: Mapping[str, Any], source: str = "run.json") -> Run:
    """Return the checked run; phases that an interrupted run did not reach are cut off.

    Args:
        raw: what ``run.json`` holds.
        source: how a message names it.

    Raises:
        UserError: something is missing, of the wrong type or out of order; the message names the first such place.
    """
    try:
        run = _RUN.validate_python(raw)
    except ValidationError as error:
        first, *rest = error.errors(include_url=False)
        where = ".".join(str(part) for part in first["loc"]) or "the record"
        more = f" (and {len(rest)} more)" if rest else ""
        raise UserError(f"{source}: {where}: {first['msg'].removeprefix('Value error, ')}{more}") from error
    reached = tuple(
        replace(phase, end_s=min(phase.end_s, run.duration_s)) for phase in run.phases if phase.start_s < run.duration_s
    )
    if not reached:
        raise UserError(f"{source}: the run ended at {run.duration_s:g} s, before its first phase began")
    return replace(run, phases=reached)

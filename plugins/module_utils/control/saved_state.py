"""What outlives a restart: the budget, and what the learned policy knows without its histories.

Plain numbers with their bounds. What comes back is a beginning and no evidence: it raises nothing by itself, and one
implausible number refuses the whole.
"""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Mapping
from dataclasses import dataclass

from ..model.rate import CEILING_BPS, FLOOR_BPS
from .decision import Rules, State
from .forecast import Forecast
from .learned import Knowledge

_MOST_BPS = 10.0 * CEILING_BPS  # other traffic included


@dataclass(frozen=True, slots=True)
class SavedState:
    """One loop's memory. Rates in bit/s; ``None`` where nothing was known.

    Attributes:
        workloads: whose objectives the loop had.
        policy: the name of its policy.
        budget_bps: the budget in force.
        capacity_bps: the capacity that ``learned`` knew; ``None`` for another policy.
        pace_per_s: how fast it explored, as a share per second.
        knee_bps: where it was careful.
        counted: whether the capacity includes the other traffic.
    """

    workloads: tuple[str, ...]
    policy: str
    budget_bps: int
    capacity_bps: float | None = None
    pace_per_s: float = 0.0
    knee_bps: float | None = None
    counted: bool = False

    def __post_init__(self) -> None:
        """Refuse what no loop can have known.

        Raises:
            ValueError: a value has another type, is no number, or lies outside what is possible.
        """
        if not isinstance(self.policy, str) or not all(isinstance(name, str) for name in self.workloads):
            raise ValueError("expected the names of the policy and of the workloads as texts")
        if not isinstance(self.counted, bool):
            raise ValueError("counted is neither true nor false")  # noqa: TRY004 - what the file says, not who calls
        for name, least, most, optional in (
            ("budget_bps", FLOOR_BPS, CEILING_BPS, False),
            ("capacity_bps", 1.0, _MOST_BPS, True),
            ("pace_per_s", 0.0, 1.0, False),
            ("knee_bps", 1.0, _MOST_BPS, True),
        ):
            value = getattr(self, name)
            if value is None and optional:
                continue
            # Comparisons alone: an integer of a thousand digits has no float, and NaN passes none.
            if not isinstance(value, (int, float)) or isinstance(value, bool) or not least <= value <= most:
                raise ValueError(f"{name} is not a number between {least:g} and {most:g}")

    @classmethod
    def of(cls, rules: Rules, state: State) -> SavedState:
        """Return what is worth remembering of a loop.

        Raises:
            ValueError: the policy's memory holds something impossible.
        """
        workloads = tuple(sorted(objective.workload for objective in rules.objectives))
        known = state.memory
        if not isinstance(known, Knowledge):
            return cls(workloads, rules.policy.name, state.budget_bps)
        return cls(
            workloads,
            rules.policy.name,
            state.budget_bps,
            capacity_bps=known.capacity_bps,
            pace_per_s=known.pace_per_s,
            knee_bps=known.knee_bps if math.isfinite(known.knee_bps) else None,
            counted=known.other is not None,
        )

    @classmethod
    def from_dict(cls, document: object) -> SavedState:
        """Read what ``dataclasses.asdict`` wrote, by way of JSON.

        Raises:
            ValueError: a key is missing or unknown, or a value is impossible.
        """
        names = {each.name for each in dataclasses.fields(cls)}
        whole = isinstance(document, Mapping) and set(document) == names
        if not isinstance(document, Mapping) or not whole or not isinstance(document["workloads"], list):
            raise ValueError(f"expected exactly {', '.join(sorted(names))}")
        return cls(**{**document, "workloads": tuple(document["workloads"])})

    def misfit(self, rules: Rules) -> str | None:
        """Return why this is not the memory of a loop with these rules, or ``None``."""
        guard = rules.guard
        if self.policy != rules.policy.name:
            return f"it is of the policy {self.policy}"
        if self.workloads != tuple(sorted(objective.workload for objective in rules.objectives)):
            return "it is of other objectives"
        if not guard.minimum_bps <= self.budget_bps <= guard.maximum_bps:
            return "its budget lies outside the present bounds"
        return None

    def knowledge(self, now_s: float) -> Knowledge | None:
        """Return what the policy may begin from: no histories, so that reserve and trims are learned anew."""
        if self.capacity_bps is None:
            return None
        return Knowledge(
            now_s,
            self.capacity_bps,
            self.pace_per_s,
            knee_bps=math.inf if self.knee_bps is None else self.knee_bps,
            other=Forecast() if self.counted else None,
        )

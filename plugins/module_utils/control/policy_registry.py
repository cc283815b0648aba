"""The policies of growth by the names that users write, each with its parameters and its patience."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .learned import Learned
from .policies import Aimd, Graded, Policy, Steps


@dataclass(frozen=True, slots=True)
class Pace:
    """How patient growth is: seconds without a raise after a breach and between raises, and the least raise."""

    cooldown_s: float
    raise_every_s: float
    least_raise_bps: int


# The patience of the v1 controller, which their policies were written for.
_DOCUMENTED = Pace(30.0, 5.0, 5_000_000)


@dataclass(frozen=True, slots=True)
class PolicyEntry:
    """How a policy is made: ``parameters`` says which of its fields each policy setting is."""

    make: Callable[..., Policy]
    pace: Pace = _DOCUMENTED
    parameters: Mapping[str, str] = field(default_factory=dict)


POLICIES: Mapping[str, PolicyEntry] = {
    "steps": PolicyEntry(Steps, parameters={"increase": "increase_bps", "aggressive_decrease": "decrease_bps"}),
    "graded": PolicyEntry(
        Graded,
        parameters={
            "increase": "increase_bps",
            "aggressive_decrease": "aggressive_bps",
            "gentle_decrease": "gentle_bps",
            "ewma_alpha": "ewma_alpha",
            "dead_band": "dead_band",
        },
    ),
    "aimd": PolicyEntry(
        Aimd, parameters={"increase": "increase_bps", "decrease": "decrease_ratio", "dead_band": "dead_band"}
    ),
    # It knows when to grow, and explores in steps of its own.
    "learned": PolicyEntry(Learned, Pace(1.5, 1.0, 0)),
}


def make_policy(name: str, settings: Mapping[str, object]) -> Policy:
    """Return the policy of that name with these settings; rates are in bit/s, shares are ratios.

    Raises:
        ValueError: a setting that the policy does not have.
    """
    policy = POLICIES[name]
    unused = sorted(settings.keys() - policy.parameters.keys())
    if unused:
        there = ", ".join(policy.parameters) or "none"
        raise ValueError(f"{unused[0]} is no parameter of the policy {name}, which has: {there}")
    return policy.make(**{policy.parameters[key]: value for key, value in settings.items()})

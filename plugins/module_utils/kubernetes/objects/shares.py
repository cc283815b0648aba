"""A target's cap as caps of pods and back, and when a new cap is worth a write.

The limit holds per pod, so a workload's cap is divided over its running pods. Every write costs the API server and
every node's agent something, and restarts the pod's pacing (Cilium), so noise is not written. A cut is.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ...control.allocate import GRAIN_BPS, Claim, split
from ...model.rate import CEILING_BPS, Rate

# The smallest change that is worth a write.
_NOISE = 0.02
# The guard's smallest cut is a tenth of the budget; the decay of a blind budget takes less in a pass of half a second.
_SHARP = 0.05


def per_pod(cap: Rate, pods: int) -> Rate:
    """Return each pod's cap in whole kbit/s: together at most ``cap``, unless the least cap of each is more.

    Raises:
        ValueError: there are no pods.
    """
    return Rate(split(cap.bps, pods).bps // GRAIN_BPS * GRAIN_BPS)


def level(cap: Rate, limits_bps: Sequence[int | None]) -> Rate:
    """Return the cap of each pod that nobody else has limited below it; the others leave theirs over to them.

    Raises:
        ValueError: there are no pods.
    """
    rest_bps, pods = cap.bps, len(limits_bps)
    for limit_bps in sorted(limit_bps for limit_bps in limits_bps if limit_bps is not None):
        if pods == 1 or limit_bps * pods >= rest_bps:
            break
        rest_bps, pods = rest_bps - limit_bps, pods - 1
    return Rate(split(rest_bps, pods).bps // GRAIN_BPS * GRAIN_BPS)


def together(caps: Iterable[Rate | None]) -> Rate | None:
    """Return what pods may send together; ``None``, without limit, when one of them has no cap or there is no pod."""
    total_bps = 0
    for cap in caps:
        if cap is None:
            return None
        total_bps += cap.bps
    return Rate(min(total_bps, CEILING_BPS)) if total_bps else None


def falls(wanted: Rate, in_force: Rate | None) -> bool:
    """Return whether ``wanted`` allows less than what is in force."""
    return in_force is None or wanted < in_force


def worth_writing(wanted: Rate, in_force: Rate | None, *, sharp: bool) -> bool:
    """Return whether a pod's cap is to be changed; ``sharp`` tells that its domain is being cut."""
    if in_force is None or (sharp and wanted < in_force):
        return True
    return abs(wanted.bps - in_force.bps) >= _NOISE * in_force.bps


def is_step_down(wanted: Rate, in_force: Rate | None) -> bool:
    """Return whether a pod's cap falls so far that its turn must not be waited for."""
    return in_force is None or wanted.bps <= (1.0 - _SHARP) * in_force.bps


def is_sharp(wanted: Mapping[str, Rate], before: Mapping[str, Rate | None], claims: Sequence[Claim]) -> bool:
    """Return whether these caps of a domain's targets are a cut, and not decay or the movement of shares.

    The guard never cuts a budget by less than a tenth, unless the least caps are reached: either tells a cut.
    """
    wanted_bps = sum(cap.bps for cap in wanted.values())
    before_bps = sum((before.get(name) or cap).bps for name, cap in wanted.items())
    least_bps = sum(claim.minimum_bps for claim in claims if claim.name in wanted)
    return wanted_bps <= (1.0 - _SHARP) * before_bps or (wanted_bps < before_bps and wanted_bps <= least_bps)

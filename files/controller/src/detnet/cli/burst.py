"""What ``detnet config check`` says about bursts: whether one of them alone breaks an objective."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from detnet.model.burst import burst_sentence
from detnet.model.errors import UserError
from detnet.model.rate import Rate, RateError

if TYPE_CHECKING:
    from detnet.config.models import Settings

_CURE = "net.ipv4.tcp_tso_rtt_log=0 in the best-effort pods (docs/operate/burst.md)"


def burst_warnings(settings: Settings, capacity_text: str | None) -> Iterator[str]:
    """Yield a line for each objective of delay that whole 64 KB packets break on a bottleneck of that capacity.

    Only an enforcer on a cluster sends such packets whole; our tc actuator splits them.

    Raises:
        UserError: the capacity is no rate.
    """
    if capacity_text is None:
        return
    try:
        capacity = Rate.parse(capacity_text)
    except RateError as error:
        raise UserError(f"--capacity: {error}") from error
    if settings.actuator.kind != "kubernetes":
        return
    for objective in settings.effective_objectives:
        limits = [limit for limit in (objective.jitter, objective.latency) if limit is not None]
        if limits and (sentence := burst_sentence(objective.workload, min(limits) * 1e3, capacity.bps)):
            yield f"{sentence}; cure: {_CURE}"

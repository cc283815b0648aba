"""Every tick of a trace as CSV: one row per tick and link, one column per value."""

from __future__ import annotations

import csv
import io

from detnet_lab.simulator.trace import Tick, Trace

_PLAIN = (
    "at_s", "capacity_bps", "critical_bps", "truth_p95_ms", "lost_bits", "jitter_ms", "latency_ms", "loss_ratio",
    "mode", "action", "reason",
)  # fmt: skip
_PER_TARGET = ("demand_bps", "cap_bps", "limit_bps", "goodput_bps")


def as_csv(trace: Trace) -> str:
    """Return the ticks; a value that is not known is empty. Columns of a target end in its name."""
    links = list(enumerate(trace.links))
    targets = list(dict.fromkeys(target for link in trace.links for target in link.targets))
    terms = sorted({term for link in trace.links for tick in link.ticks for term in tick.terms})
    text = io.StringIO()
    rows = csv.writer(text)
    per_target = [f"{key} {target}" for target in targets for key in _PER_TARGET]
    rows.writerow(["link", *_PLAIN, *per_target, *(f"term {term}" for term in terms)])
    for number, link in links:
        place = {target: at for at, target in enumerate(link.targets)}
        for tick in link.ticks:
            rows.writerow(
                [
                    number,
                    *(getattr(tick, key) for key in _PLAIN),
                    *(_value(tick, key, place.get(target)) for target in targets for key in _PER_TARGET),
                    *(tick.terms.get(term) for term in terms),
                ]
            )
    return text.getvalue()


def _value(tick: Tick, key: str, at: int | None) -> float | None:
    return None if at is None else getattr(tick, key)[at]

"""One measurement outside the loop: poll a source until it knows enough for one decision."""

from __future__ import annotations

import time
from collections.abc import Mapping

from ..control.decision import Evidence, Rules
from ..control.one_shot import has_window
from ..model.errors import UserError
from .source import Source, evidence_of

_POLL_S = 0.05


def measure(source: Source, rules: Rules, *, patience_s: float) -> Mapping[str, Evidence]:
    """Return evidence of every objective, at once when the source remembers a whole window.

    Raises:
        UserError: there is none of some objective within ``patience_s`` seconds.
    """
    deadline_s = time.monotonic() + patience_s
    source.start()
    try:
        while True:
            reading = source.latest()
            evidence, now_s = evidence_of(reading), time.monotonic()
            if all(has_window(evidence.get(objective.workload), rules, now_s=now_s) for objective in rules.objectives):
                return evidence
            if now_s + _POLL_S > deadline_s:
                raise UserError(f"no complete window within {patience_s:g} s: {reading.trouble or 'too few samples'}")
            time.sleep(_POLL_S)
    finally:
        source.stop()

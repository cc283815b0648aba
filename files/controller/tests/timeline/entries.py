"""Entries as they come out of an audit log."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import strategies as st

from detnet.control.decision import Action, Mode
from detnet.timeline.entry import Entry, LoggedFinding
from timeline.audit_logs import BEGAN

_VERDICTS = {"breach": "breached", "blind": "blind", "waiting": "met", "growth": "met"}


def passes(each: Sequence[tuple[str, str, float, bool]]) -> list[Entry]:
    """Return entries of (mode, action, seconds since the one before, whether the daemon was started anew)."""
    log: list[Entry] = []
    at_s, number = 1000.0, 0
    for mode, action, after_s, restarted in each:
        at_s += after_s if log else 0.0
        number = 1 if restarted else number + 1
        log.append(_entry(len(log), mode, action, at_s, number))
    return log


def _entry(index: int, mode: str, action: str, at_s: float, number: int) -> Entry:
    before_bps = 1e6 * (100 + index % 7)
    seen = LoggedFinding("robot-control", "jitter", 5.1, 2.0, _VERDICTS.get(mode, "unresolved"), 0.1)
    return Entry(
        at=BEGAN + timedelta(seconds=at_s - 1000.0),
        domain="all",
        number=number,
        at_s=at_s,
        action=action,
        mode=mode,
        policy="learned",
        before_bps=before_bps,
        after_bps=before_bps if action == "hold" else 1e6 * (100 + (index + 1) % 7),
        reason="as given",
        findings=(seen,),
        best_effort_bps=92e6,
        other_bps=10e6,
        terms={"strain": 0.03},
        caps_bps={"telemetry-upload": before_bps},
        written=index % 2,
        blocked_reason=None,
        errors=("refused",) * (index % 5 == 3),
        source_error=None,
        lost_before=index % 3,
    )


logs = st.lists(
    st.tuples(
        st.sampled_from([mode.value for mode in Mode]),
        st.sampled_from([action.value for action in Action]),
        st.just(0.5) | st.floats(0.0, 40.0),
        st.booleans(),
    ),
    max_size=80,
).map(passes)
"""Logs of any modes, actions, pauses and restarts."""

"""The status annotation: one sentence on the workload's own metadata, which ``kubectl describe`` shows.

Never in the pod template, where a change would restart the pods. It is written when it changes, and at most every
``every_s`` seconds. Pure: times are arguments.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from math import inf

from detnet.kubernetes.events.conditions import WorkloadCondition, describe
from detnet.kubernetes.events.reasons import Subject
from detnet.model.annotations import STATUS

# The admission policy of the role controller_access allows 256 characters.
LONGEST_SENTENCE = 220
_SINCE = ", since "


@dataclass(slots=True)
class StatusRow:
    """One workload: its condition in each domain, the sentence that says so, and the one that is on the cluster."""

    subject: Subject
    conditions: dict[str, WorkloadCondition] = field(default_factory=dict)
    wanted: str | None = None
    since: datetime | None = None
    written: str | None = None
    due_s: float = -inf

    @property
    def text(self) -> str | None:
        """The annotation's value; ``None``: there is to be none."""
        return self.wanted and f"{self.wanted}{_SINCE}{self.since:%Y-%m-%dT%H:%M:%SZ}"


def patch(text: str | None, uid: str | None = None) -> dict[str, object]:
    """Return the merge patch that sets the status, or takes it away; of the workload with this ``uid`` alone."""
    identity = {} if uid is None else {"uid": uid}
    return {"metadata": {**identity, "annotations": {STATUS: text}}}


class WorkloadStatus:
    """The rows by workload. An annotation that is there already is taken over, so that a new leader writes nothing."""

    def __init__(self, every_s: float) -> None:
        self._every_s = every_s
        self._rows: dict[str, StatusRow] = {}

    def update(self, domain: str, conditions: Iterable[tuple[Subject, WorkloadCondition]], at: datetime) -> None:
        """Take in the conditions of all workloads of a domain at ``at`` (UTC)."""
        now = {subject.uid: (subject, condition) for subject, condition in conditions}
        for uid, (subject, condition) in now.items():
            row = self._rows.setdefault(uid, StatusRow(subject, written=_sentence_on_cluster(subject)))
            row.conditions[domain] = condition
        for uid, row in list(self._rows.items()):
            if uid not in now:
                row.conditions.pop(domain, None)
            wanted = describe(row.conditions)[:LONGEST_SENTENCE] if row.conditions else None
            if wanted != row.wanted:
                row.wanted, row.since = wanted, at
            if row.wanted is None and row.written is None:
                del self._rows[uid]

    def next_due(self, now_s: float) -> StatusRow | float:
        """Return the row to write now, else the seconds until there is one (infinite: all is written)."""
        changed = [row for row in self._rows.values() if row.wanted != row.written]
        if not changed:
            return inf
        soonest = min(changed, key=lambda row: row.due_s)
        return soonest if soonest.due_s <= now_s else soonest.due_s - now_s

    def tried(self, row: StatusRow, now_s: float) -> None:
        """The row is being written; not again before its time, whatever comes of it."""
        row.due_s = now_s + self._every_s

    def forget(self, row: StatusRow) -> None:
        """The workload is no more."""
        self._rows.pop(row.subject.uid, None)


def _sentence_on_cluster(subject: Subject) -> str | None:
    return None if subject.status is None else subject.status.rpartition(_SINCE)[0]

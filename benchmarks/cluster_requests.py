"""What one user asked of the API server, as its audit log tells it."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from detnet.model.annotations import EGRESS

_COMPLETE = b'"stage":"ResponseComplete"'


@dataclass(frozen=True, slots=True)
class Request:
    """One answered request, times in s since the epoch; ``began_s`` is when the API server received it.

    ``cap`` is what a PATCH asks to be put on a pod; ``template`` whether it touches a pod template. A watch is known
    when it has ended: its beginning is logged with its first event, which may never come.
    """

    verb: str
    resource: str
    name: str
    began_s: float
    ended_s: float
    ok: bool
    cap: str | None
    template: bool


class Requests:
    """The requests of one user from now on; the log may grow to hundreds of MB, so each line is read once."""

    def __init__(self, log: Path, user: str) -> None:
        self._log = log
        self._user = user
        self._mark = f'"username":"{user}"'.encode()
        self._offset = log.stat().st_size
        self.all: list[Request] = []

    def look(self) -> list[Request]:
        """Read on, and return all of them."""
        with self._log.open("rb") as log:
            log.seek(self._offset)
            for line in log:
                if not line.endswith(b"\n"):
                    break
                self._offset += len(line)
                if self._mark in line and _COMPLETE in line:
                    self.all.append(_request(json.loads(line)))
        return self.all

    def caps(self) -> Mapping[str | None, int]:
        """Return how many pods carry which cap, of those that ever were given one."""
        return Counter({one.name: one.cap for one in self.look() if is_cap(one)}.values())


def is_cap(request: Request) -> bool:
    """Return whether it is a cap that was written on a pod."""
    return request.resource == "pods" and request.verb == "patch" and request.ok


def between(requests: Iterable[Request], from_s: float, to_s: float) -> Mapping[str, int]:
    """Return how many requests were received in that time, by verb and resource."""
    return dict(Counter(f"{one.verb} {one.resource}" for one in requests if from_s <= one.began_s < to_s))


def _request(event: Mapping[str, Any]) -> Request:
    asked, about = event.get("requestObject") or {}, event.get("objectRef") or {}
    annotations = (asked.get("metadata") or {}).get("annotations") or {}
    return Request(
        verb=event["verb"],
        resource=about.get("resource", ""),
        name=about.get("name", ""),
        began_s=datetime.fromisoformat(event["requestReceivedTimestamp"]).timestamp(),
        ended_s=datetime.fromisoformat(event["stageTimestamp"]).timestamp(),
        ok=event["responseStatus"]["code"] == 200,
        cap=annotations.get(EGRESS),
        template="template" in (asked.get("spec") or {}),
    )

"""Kubernetes Events that are written once and then counted on.

core/v1 and not events.k8s.io/v1: the newer API lets nothing of an Event change but its series, so that its message
would stay the first one (kubernetes ``pkg/apis/core/validation/events.go``). Both show the same objects.

The name is made from the workload and the reason. A new leader therefore goes on with the Event of the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detnet.kubernetes.client.api import Api, ApiRefused
from detnet.kubernetes.events.reasons import WorkloadEvent
from detnet.kubernetes.objects.workloads import POD

COMPONENT = "detnet"
CONTROLLER = "qos.detnet.io/controller"
# What events.k8s.io/v1 allows (the same file); core/v1 allows more, but shows up there as well.
LONGEST_MESSAGE = 1024
LONGEST_INSTANCE = 128
REQUEST_S = 2.0
_LONGEST_NAME = 253
_NOT_FOUND, _CONFLICT = 404, 409


@dataclass(frozen=True, slots=True)
class EventSeries:
    """The same event, ``count`` times between two moments (UTC)."""

    event: WorkloadEvent
    count: int
    first: datetime
    last: datetime


class EventWriter:
    """Writes series to a cluster as ``identity``; each request must have ended at ``until_s``, monotonic."""

    def __init__(self, api: Api, *, identity: str, until_s: Callable[[], float]) -> None:
        self._api = api
        self._identity = identity[:LONGEST_INSTANCE]
        self._until_s = until_s

    def write(self, series: EventSeries, known: int | None) -> int:
        """Add a series to its Event, whose count is ``known`` or not yet; return the count that it has then.

        Raises:
            ApiError: it could not be written.
        """
        namespace, name = series.event.subject.ref.namespace, _name(series.event)
        events = f"/api/v1/namespaces/{namespace}/events"
        if known is None:
            try:
                return self._create(events, series)
            except ApiRefused as error:
                if error.status != _CONFLICT:
                    raise
            known = int(self._request("PATCH", f"{events}/{name}", {}).get("count") or 0)
        change = {
            "count": known + series.count,
            "lastTimestamp": _stamp(series.last),
            "message": _message(series.event),
        }
        try:
            self._request("PATCH", f"{events}/{name}", {**change, "reportingInstance": self._identity})
        except ApiRefused as error:
            if error.status != _NOT_FOUND:
                raise
            return self._create(events, series)  # the cluster keeps an Event for an hour
        return known + series.count

    def _create(self, events: str, series: EventSeries) -> int:
        self._request("POST", events, self._event(series))
        return series.count

    def _event(self, series: EventSeries) -> dict[str, Any]:
        subject, reason = series.event.subject, series.event.reason
        return {
            "metadata": {"name": _name(series.event), "namespace": subject.ref.namespace},
            "involvedObject": {
                "apiVersion": "v1" if subject.ref.kind == POD else "apps/v1",
                "kind": subject.ref.kind,
                "namespace": subject.ref.namespace,
                "name": subject.ref.name,
                "uid": subject.uid,
            },
            "type": "Warning" if reason.is_warning else "Normal",
            "reason": reason.value,
            "message": _message(series.event),
            "count": series.count,
            "firstTimestamp": _stamp(series.first),
            "lastTimestamp": _stamp(series.last),
            "source": {"component": COMPONENT},
            "reportingComponent": CONTROLLER,
            "reportingInstance": self._identity,
        }

    def _request(self, method: str, path: str, body: object) -> dict[str, Any]:
        return self._api.request(method, path, body=body, timeout_s=REQUEST_S, until_s=self._until_s())


def _name(event: WorkloadEvent) -> str:
    digest = hashlib.sha256(f"{event.subject.uid}/{event.reason.value}".encode()).hexdigest()[:16]
    return f"{event.subject.ref.name[: _LONGEST_NAME - 17].rstrip('.-')}.{digest}"


def _message(event: WorkloadEvent) -> str:
    message = event.message
    return message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 3]}..."


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

"""Kubernetes Events that are written once and then counted on.

core/v1 and not events.k8s.io/v1: the newer API lets nothing of an Event change but its series, so that its sentence
would stay that of the first time (kubernetes ``pkg/apis/core/validation/events.go``). Both show the same objects.

The name is made from the workload and the reason. A new leader therefore goes on with the Event of the one before.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from detnet.kubernetes.client.api import Api, ApiRefused
from detnet.kubernetes.events.reasons import Notice
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
    """The same thing, told ``times`` times between two moments (UTC)."""

    notice: Notice
    times: int
    first: datetime
    last: datetime


class EventWriter:
    """Writes happenings to a cluster as ``identity``; each request must have ended at ``until_s``, monotonic."""

    def __init__(self, api: Api, *, identity: str, until_s: Callable[[], float]) -> None:
        self._api = api
        self._identity = identity[:LONGEST_INSTANCE]
        self._until_s = until_s

    def write(self, one: EventSeries, known: int | None) -> int:
        """Add a happening to its Event, whose count is ``known`` or not yet; return the count that it has then.

        Raises:
            ApiError: it could not be written.
        """
        namespace, name = one.notice.subject.ref.namespace, _name(one.notice)
        events = f"/api/v1/namespaces/{namespace}/events"
        if known is None:
            try:
                return self._create(events, one)
            except ApiRefused as error:
                if error.status != _CONFLICT:
                    raise
            known = int(self._request("PATCH", f"{events}/{name}", {}).get("count") or 0)
        change = {"count": known + one.times, "lastTimestamp": _stamp(one.last), "message": _message(one.notice)}
        try:
            self._request("PATCH", f"{events}/{name}", {**change, "reportingInstance": self._identity})
        except ApiRefused as error:
            if error.status != _NOT_FOUND:
                raise
            return self._create(events, one)  # the cluster keeps an Event for an hour
        return known + one.times

    def _create(self, events: str, one: EventSeries) -> int:
        self._request("POST", events, self._event(one))
        return one.times

    def _event(self, one: EventSeries) -> dict[str, Any]:
        subject, reason = one.notice.subject, one.notice.reason
        return {
            "metadata": {"name": _name(one.notice), "namespace": subject.ref.namespace},
            "involvedObject": {
                "apiVersion": "v1" if subject.ref.kind == POD else "apps/v1",
                "kind": subject.ref.kind,
                "namespace": subject.ref.namespace,
                "name": subject.ref.name,
                "uid": subject.uid,
            },
            "type": "Warning" if reason.warns else "Normal",
            "reason": reason.value,
            "message": _message(one.notice),
            "count": one.times,
            "firstTimestamp": _stamp(one.first),
            "lastTimestamp": _stamp(one.last),
            "source": {"component": COMPONENT},
            "reportingComponent": CONTROLLER,
            "reportingInstance": self._identity,
        }

    def _request(self, method: str, path: str, body: object) -> dict[str, Any]:
        return self._api.request(method, path, body=body, timeout_s=REQUEST_S, until_s=self._until_s())


def _name(one: Notice) -> str:
    digest = hashlib.sha256(f"{one.subject.uid}/{one.reason.value}".encode()).hexdigest()[:16]
    return f"{one.subject.ref.name[: _LONGEST_NAME - 17].rstrip('.-')}.{digest}"


def _message(one: Notice) -> str:
    message = one.message
    return message if len(message) <= LONGEST_MESSAGE else f"{message[: LONGEST_MESSAGE - 3]}..."


def _stamp(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")

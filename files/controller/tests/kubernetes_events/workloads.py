"""Workloads in a namespace of the real API server, their Events, and an event recorder with a clock of its own."""

from __future__ import annotations

import subprocess
from datetime import UTC, datetime, timedelta
from typing import Any

from control_plane import ControlPlane
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.events.event_queue import EventRates
from detnet.kubernetes.events.event_recorder import EventRecorder
from detnet.kubernetes.events.reasons import Subject
from detnet.kubernetes.objects.workloads import Ref
from detnet.model.annotations import STATUS

START = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Clock:
    """Monotonic and wall time that a test moves together; the lease ends at ``leads_until_s``."""

    def __init__(self) -> None:
        self.now_s = 0.0
        self.leads_until_s = float("inf")

    def utc(self) -> datetime:
        """The wall clock."""
        return START + timedelta(seconds=self.now_s)

    def event_recorder(self, api: Api, *, identity: str = "one", rates: EventRates | None = None) -> EventRecorder:
        """An event recorder on this clock; it is not started, so that a test makes its steps."""
        return EventRecorder(
            api,
            identity=identity,
            time_left_s=lambda: self.leads_until_s - self.now_s,
            clock=lambda: self.now_s,
            now=self.utc,
            rates=rates,
        )

    def pass_on(self, event_recorder: EventRecorder, seconds: float) -> None:
        """Let the recorder write whatever is due during this time."""
        end_s = self.now_s + seconds
        while True:
            wait_s = event_recorder.step()
            if self.now_s + wait_s > end_s:
                self.now_s = end_s
                return
            self.now_s += wait_s


class Workloads:
    """A namespace with workloads."""

    def __init__(self, plane: ControlPlane, namespace: str) -> None:
        self.plane = plane
        self.namespace = namespace

    def deployment(self, name: str = "upload") -> Subject:
        """Make a Deployment without pods and return it as a subject."""
        labels = {"app": name}
        body = {
            "metadata": {"name": name, "labels": labels},
            "spec": {
                "replicas": 0,
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {"containers": [{"name": "main", "image": "none"}]},
                },
            },
        }
        made = self.plane.request("POST", f"/apis/apps/v1/namespaces/{self.namespace}/deployments", body)
        return Subject(Ref("Deployment", self.namespace, name), made["metadata"]["uid"])

    def get(self, subject: Subject) -> dict[str, Any]:
        """Return the workload as it is now."""
        return self.plane.request("GET", subject.ref.path)

    def status(self, subject: Subject) -> str | None:
        """Return the workload's status annotation."""
        value: str | None = self.get(subject)["metadata"].get("annotations", {}).get(STATUS)
        return value

    def replica_sets(self) -> list[dict[str, Any]]:
        """Return the ReplicaSets of the namespace."""
        items: list[dict[str, Any]] = self.plane.request(
            "GET", f"/apis/apps/v1/namespaces/{self.namespace}/replicasets"
        )["items"]
        return items

    def events(self) -> list[dict[str, Any]]:
        """Return our Events in the namespace."""
        items = self.plane.request("GET", f"/api/v1/namespaces/{self.namespace}/events")["items"]
        return [one for one in items if one["source"].get("component") == "detnet"]

    def describe(self, subject: Subject) -> str:
        """Return what ``kubectl describe`` says of the workload."""
        command = [self.plane.kubectl, f"--kubeconfig={self.plane.kubeconfig}", f"--namespace={self.namespace}"]
        kind = subject.ref.kind.lower()
        done = subprocess.run(
            [*command, "describe", kind, subject.ref.name], check=True, capture_output=True, text=True
        )
        return done.stdout

"""Events on a real cluster: one for each workload and reason, counted on, seen by kubectl, by the leader alone."""

from __future__ import annotations

import re

import pytest

from detnet.control.decision import Action
from detnet.kubernetes.client.api import Api
from detnet.model.annotations import STATUS
from detnet.telemetry.passes import Pass
from kubernetes_events.passes import TARGET, Passes
from kubernetes_events.workloads import Clock, Workloads


@pytest.fixture
def clock() -> Clock:
    """Time that stands still."""
    return Clock()


def cuts(*caps: str) -> list[Pass]:
    """Return a quiet pass and a cut to each of these caps."""
    passes = Passes()
    return [passes.make(Action.HOLD, "80M"), *(passes.make(Action.CUT, cap) for cap in caps)]


def test_one_event_counts_on(workloads: Workloads, api: Api, clock: Clock) -> None:
    """The first cut is written at once, later ones at most every 30 s, as one Event with the last message and time."""
    subject, event_recorder = workloads.deployment(), clock.event_recorder(api)
    quiet, *falls = cuts("40M", "20M", "10M")
    for each in (quiet, falls[0]):
        event_recorder.record(each, {TARGET: subject})
    clock.pass_on(event_recorder, 1.0)
    (event,) = workloads.events()
    assert (event["reason"], event["type"], event["count"]) == ("Throttled", "Normal", 1)
    assert event["involvedObject"]["uid"] == subject.uid
    for each in falls[1:]:
        event_recorder.record(each, {TARGET: subject})
    clock.pass_on(event_recorder, 28.0)
    assert workloads.events() == [event]
    clock.pass_on(event_recorder, 2.0)
    (grown,) = workloads.events()
    assert (grown["count"], grown["firstTimestamp"]) == (3, event["firstTimestamp"])
    assert grown["lastTimestamp"] == "2026-01-01T12:00:01Z"
    assert grown["message"].startswith("cap 20 Mbit/s to 10 Mbit/s on node-1")


def test_kubectl_describe_shows_status_and_events(workloads: Workloads, api: Api, clock: Clock) -> None:
    """It shows the condition of the workload, and what happened, how often and why."""
    subject, event_recorder = workloads.deployment(), clock.event_recorder(api)
    for each in cuts("40M", "20M"):
        event_recorder.record(each, {TARGET: subject})
    clock.pass_on(event_recorder, 60.0)
    shown = workloads.describe(subject)
    assert (
        f"{STATUS}: cap 20 Mbit/s, which nothing proves, throttled for robot-control, since 2026-01-01T12:00:00Z"
        in shown
    )
    assert re.search(
        r"Normal\s+Throttled\s+.*\(x2 over .*\)\s+detnet\s+cap 40 Mbit/s to 20 Mbit/s on node-1: cut:", shown
    )


def test_the_next_leader_counts_on(workloads: Workloads, api: Api, clock: Clock) -> None:
    """Another process goes on with the same Event, and one that finds it expired begins it anew."""
    subject, passes = workloads.deployment(), Passes()
    for identity in ("one", "two"):
        event_recorder = clock.event_recorder(api, identity=identity)
        for each in (passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "40M")):
            event_recorder.record(each, {TARGET: subject})
        clock.pass_on(event_recorder, 1.0)
    (event,) = workloads.events()
    assert (event["count"], event["reportingInstance"]) == (2, "two")
    workloads.plane.request("DELETE", f"/api/v1/namespaces/{workloads.namespace}/events/{event['metadata']['name']}")
    event_recorder.record(passes.make(Action.CUT, "20M"), {TARGET: subject})
    clock.pass_on(event_recorder, 60.0)
    assert [one["count"] for one in workloads.events()] == [1]


def test_conditions_to_act_on_are_warnings(workloads: Workloads, api: Api, clock: Clock) -> None:
    """Blindness and caps without effect are warnings, each an Event of its own."""
    subject, event_recorder = workloads.deployment(), clock.event_recorder(api)
    event_recorder.record(Passes().make(Action.DECAY, "40M"), {TARGET: subject}, {TARGET: "host network"})
    clock.pass_on(event_recorder, 1.0)
    assert {(one["reason"], one["type"]) for one in workloads.events()} == {
        ("Blind", "Warning"),
        ("CapNotEnforced", "Warning"),
    }


def test_only_a_leader_writes(workloads: Workloads, api: Api, clock: Clock) -> None:
    """Who does not lead writes nothing, and what waited when the lease was lost is never written."""
    subject, event_recorder = workloads.deployment(), clock.event_recorder(api)
    for each in cuts("40M"):
        event_recorder.record(each, {TARGET: subject})
    clock.leads_until_s = clock.now_s
    clock.pass_on(event_recorder, 60.0)
    clock.leads_until_s = float("inf")
    clock.pass_on(event_recorder, 60.0)
    assert (workloads.events(), workloads.status(subject), event_recorder.written_total) == ([], None, 0)


def test_a_target_without_a_workload_has_no_event(workloads: Workloads, api: Api, clock: Clock) -> None:
    """Neither a workload that was deleted before the pass nor one that is deleted meanwhile does harm."""
    subject, event_recorder = workloads.deployment(), clock.event_recorder(api)
    for each in cuts("40M"):
        event_recorder.record(each, {})
    clock.pass_on(event_recorder, 1.0)
    assert event_recorder.written_total == 0
    workloads.plane.request("DELETE", subject.ref.path)
    for each in cuts("40M"):
        event_recorder.record(each, {TARGET: subject})
    clock.pass_on(event_recorder, 1.0)
    assert event_recorder.failures_total == 0

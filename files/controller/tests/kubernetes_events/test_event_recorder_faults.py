"""A cluster that refuses or hangs, and a storm of events, disturb neither the loop nor the cluster."""

from __future__ import annotations

import logging
from collections.abc import Callable
from pathlib import Path

import pytest

from control_plane import FaultProxy
from detnet.control.decision import Action
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.events.event_queue import MOST_ENTRIES, EventRates
from detnet.kubernetes.events.event_recorder import EventRecorder
from detnet.kubernetes.events.reasons import Subject
from detnet.kubernetes.objects.workloads import Ref
from kubernetes_events.passes import TARGET, Passes
from kubernetes_events.workloads import Clock, Workloads
from support import wait_for

Connect = Callable[[Path], Api]


def writes(proxy: FaultProxy) -> int:
    """Count what the cluster was asked to write."""
    return proxy.count("POST") + proxy.count("PATCH")


def test_refused_events_are_logged_once_and_made_up_for(
    workloads: Workloads, connected: Connect, caplog: pytest.LogCaptureFixture
) -> None:
    """An hour of refusals gives one line in the log and few requests; then the Event has the whole count."""
    subject, clock, passes = workloads.deployment(), Clock(), Passes()
    with workloads.plane.proxy() as proxy:
        event_recorder = clock.event_recorder(connected(proxy.kubeconfig))
        proxy.answer(403, match=lambda _method, path: "/events" in path)
        event_recorder.record(passes.make(Action.HOLD, "80M"), {TARGET: subject})
        for number in range(60):
            event_recorder.record(passes.make(Action.CUT, f"{79 - number}M"), {TARGET: subject})
            clock.pass_on(event_recorder, 60.0)
        assert [one.levelno for one in caplog.records] == [logging.WARNING]
        assert event_recorder.failures_total <= 120  # at most one in 30 s, and less and less
        assert workloads.status(subject) is not None
        proxy.heal()
        clock.pass_on(event_recorder, 120.0)
    assert [one["count"] for one in workloads.events()] == [60]
    assert "can be written to the cluster again" in caplog.records[-1].message


def test_retry_after_is_obeyed(workloads: Workloads, connected: Connect) -> None:
    """After 429 with Retry-After nothing is sent before that time."""
    subject, clock, passes = workloads.deployment(), Clock(), Passes()
    with workloads.plane.proxy() as proxy:
        event_recorder = clock.event_recorder(connected(proxy.kubeconfig))
        proxy.answer(429, retry_after=20)
        for each in (passes.make(Action.HOLD, "80M"), passes.make(Action.CUT, "40M")):
            event_recorder.record(each, {TARGET: subject})
        clock.pass_on(event_recorder, 19.0)
        assert writes(proxy) == 1
        proxy.heal()
        clock.pass_on(event_recorder, 60.0)
    assert [one["count"] for one in workloads.events()] == [1]


def test_the_rate_limit_holds_under_a_thousand_passes(workloads: Workloads, connected: Connect) -> None:
    """Twenty workloads that are cut and raised in turn with every pass are written about at the limited rate."""
    targets = {f"target-{number}": workloads.deployment(f"d{number}") for number in range(20)}
    clock, passes, rates = Clock(), Passes(), EventRates(every_s=30.0, burst=10, per_s=0.1)
    with workloads.plane.proxy() as proxy:
        event_recorder = clock.event_recorder(connected(proxy.kubeconfig), rates=rates)
        event_recorder.record(passes.make(Action.HOLD, "80M", targets=tuple(targets)), targets)
        for number in range(1000):
            action, cap = ((Action.CUT, "40M"), (Action.RAISE, "80M"))[number % 2]
            event_recorder.record(passes.make(action, cap, targets=tuple(targets)), targets)
            clock.pass_on(event_recorder, 1.0)
        assert writes(proxy) <= rates.burst + rates.per_s * clock.now_s + 1
        assert event_recorder.lost_total == 0
    assert len(workloads.events()) == 40


def test_what_finds_no_room_is_counted(workloads: Workloads, api: Api, caplog: pytest.LogCaptureFixture) -> None:
    """More workloads than the memory has room for: the loss is counted and logged once."""
    subjects = {
        f"t{n}": Subject(Ref("Deployment", workloads.namespace, f"d{n}"), f"uid-{n}") for n in range(MOST_ENTRIES + 7)
    }
    event_recorder = Clock().event_recorder(api)
    event_recorder.record(Passes().make(Action.CUT, "40M", targets=tuple(subjects)), subjects)
    assert event_recorder.lost_total == 7
    assert ["dropped ones are counted" in one.message for one in caplog.records] == [True]


def test_a_hanging_cluster_holds_nobody_up(workloads: Workloads, connected: Connect) -> None:
    """While one request hangs, passes go on being recorded, and the recorder can be closed."""
    subject, passes = workloads.deployment(), Passes()
    with workloads.plane.proxy() as proxy:
        event_recorder = EventRecorder(connected(proxy.kubeconfig), identity="one", time_left_s=lambda: float("inf"))
        proxy.hang()
        event_recorder.start()
        for number in range(1000):
            event_recorder.record(passes.make(Action.CUT, f"{2000 - number}M"), {TARGET: subject})
        wait_for(lambda: event_recorder.failures_total > 0, what="a request given up", within_s=30.0)
        proxy.heal()
        wait_for(workloads.events, what="an Event", within_s=60.0)
        event_recorder.close()

"""The status annotation on a real cluster: on the workload's metadata, and nothing else."""

from __future__ import annotations

from control_plane import RefusedError
from detnet.control.decision import Action
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.events.reasons import Subject
from detnet.kubernetes.objects.workloads import Ref
from kubernetes_events.passes import TARGET, Passes
from kubernetes_events.town import Clock, Town
from support import wait_for


def test_a_status_rolls_nothing(town: Town, api: Api) -> None:
    """The workload's specification stays as it is, and no second ReplicaSet is made."""
    subject, clock, passes = town.deployment(), Clock(), Passes()
    wait_for(town.replica_sets, what="the Deployment's ReplicaSet")
    before, event_recorder = town.get(subject), clock.event_recorder(api)
    for cap in ("80M", "60M", "40M"):
        event_recorder.record(passes.make(Action.CUT, cap), {TARGET: subject})
        clock.pass_on(event_recorder, 30.0)
    after = town.get(subject)
    assert town.status(subject) == "at most 40 Mbit/s, throttled for robot-control, since 2026-01-01T12:01:00Z"
    assert after["spec"] == before["spec"]
    assert len(town.replica_sets()) == 1


def test_a_status_goes_with_the_last_pod(town: Town, api: Api) -> None:
    """When no domain has the workload any more, it is as it was."""
    subject, clock = town.deployment(), Clock()
    event_recorder = clock.event_recorder(api)
    event_recorder.record(Passes().make(Action.HOLD, "80M"), {TARGET: subject})
    clock.pass_on(event_recorder, 1.0)
    assert town.status(subject) is not None
    event_recorder.forget("node-1")
    clock.pass_on(event_recorder, 60.0)
    assert town.status(subject) is None


def test_a_namesake_does_not_inherit_a_status(town: Town, api: Api) -> None:
    """A workload that was deleted and made anew under the same name is another one."""
    subject, clock = town.deployment(), Clock()
    event_recorder = clock.event_recorder(api)
    town.plane.request("DELETE", subject.ref.path)
    wait_for(lambda: gone(town, subject), what="the deletion")
    town.deployment()
    event_recorder.record(Passes().make(Action.HOLD, "80M"), {TARGET: subject})
    clock.pass_on(event_recorder, 1.0)
    assert (town.status(subject), event_recorder.failures_total) == (None, 0)


def gone(town: Town, subject: Subject) -> bool:
    """Return whether there is no such workload."""
    try:
        town.get(subject)
    except RefusedError:
        return True
    return False


def test_a_status_is_read_by_the_next_leader(town: Town, api: Api) -> None:
    """Who takes over and finds the same sentence leaves it alone, with its time."""
    subject, clock = town.deployment(), Clock()
    first = clock.event_recorder(api)
    first.record(Passes().make(Action.HOLD, "80M"), {TARGET: subject})
    clock.pass_on(first, 100.0)
    said, next_one = town.status(subject), clock.event_recorder(api, identity="two")
    next_one.record(Passes().make(Action.HOLD, "80M"), {TARGET: Subject(subject.ref, subject.uid, said)})
    clock.pass_on(next_one, 100.0)
    assert (town.status(subject), next_one.written_total) == (said, 0)


def test_a_pod_that_stands_for_itself_has_a_status(town: Town, api: Api) -> None:
    """A bare pod is its own workload."""
    body = {"metadata": {"name": "lonely"}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    made = town.plane.request("POST", f"/api/v1/namespaces/{town.namespace}/pods", body)
    subject, clock = Subject(Ref("Pod", town.namespace, "lonely"), made["metadata"]["uid"]), Clock()
    event_recorder = clock.event_recorder(api)
    event_recorder.record(Passes().make(Action.HOLD, "80M"), {TARGET: subject})
    clock.pass_on(event_recorder, 1.0)
    assert town.status(subject) is not None

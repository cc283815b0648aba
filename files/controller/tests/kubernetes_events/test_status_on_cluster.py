"""The status annotation on a real cluster: on the workload's metadata, and nothing else."""

from __future__ import annotations

from control_plane import RefusedError
from detnet.control.decision import Action
from detnet.kubernetes.client.api import Api
from detnet.kubernetes.events.reasons import Subject
from detnet.kubernetes.objects.workloads import Ref
from kubernetes_events.passes import TARGET, Passes
from kubernetes_events.workloads import Clock, Workloads
from support import wait_for


def test_a_status_rolls_nothing(workloads: Workloads, api: Api) -> None:
    """The workload's specification stays as it is, and no second ReplicaSet is made."""
    subject, clock, passes = workloads.deployment(), Clock(), Passes()
    wait_for(workloads.replica_sets, what="the Deployment's ReplicaSet")
    before, event_recorder = workloads.get(subject), clock.event_recorder(api)
    for cap in ("80M", "60M", "40M"):
        event_recorder.record(passes.make(Action.CUT, cap), {TARGET: subject})
        clock.pass_on(event_recorder, 30.0)
    after = workloads.get(subject)
    assert (
        workloads.status(subject)
        == "cap 40 Mbit/s, which nothing proves, throttled for robot-control, since 2026-01-01T12:01:00Z"
    )
    assert after["spec"] == before["spec"]
    assert len(workloads.replica_sets()) == 1


def test_a_status_goes_with_the_last_pod(workloads: Workloads, api: Api) -> None:
    """When no domain has the workload any more, it is as it was."""
    subject, clock = workloads.deployment(), Clock()
    event_recorder = clock.event_recorder(api)
    event_recorder.record(Passes().make(Action.HOLD, "80M"), {TARGET: subject})
    clock.pass_on(event_recorder, 1.0)
    assert workloads.status(subject) is not None
    event_recorder.forget("node-1")
    clock.pass_on(event_recorder, 60.0)
    assert workloads.status(subject) is None


def test_a_namesake_does_not_inherit_a_status(workloads: Workloads, api: Api) -> None:
    """A workload that was deleted and made anew under the same name is another one."""
    subject, clock = workloads.deployment(), Clock()
    event_recorder = clock.event_recorder(api)
    workloads.plane.request("DELETE", subject.ref.path)
    wait_for(lambda: gone(workloads, subject), what="the deletion")
    workloads.deployment()
    event_recorder.record(Passes().make(Action.HOLD, "80M"), {TARGET: subject})
    clock.pass_on(event_recorder, 1.0)
    assert (workloads.status(subject), event_recorder.failures_total) == (None, 0)


def gone(workloads: Workloads, subject: Subject) -> bool:
    """Return whether there is no such workload."""
    try:
        workloads.get(subject)
    except RefusedError:
        return True
    return False


def test_a_status_is_read_by_the_next_leader(workloads: Workloads, api: Api) -> None:
    """A leader that finds the same sentence leaves it alone, with its time."""
    subject, clock = workloads.deployment(), Clock()
    first = clock.event_recorder(api)
    first.record(Passes().make(Action.HOLD, "80M"), {TARGET: subject})
    clock.pass_on(first, 100.0)
    written, next_one = workloads.status(subject), clock.event_recorder(api, identity="two")
    next_one.record(Passes().make(Action.HOLD, "80M"), {TARGET: Subject(subject.ref, subject.uid, written)})
    clock.pass_on(next_one, 100.0)
    assert (workloads.status(subject), next_one.written_total) == (written, 0)


def test_a_pod_that_stands_for_itself_has_a_status(workloads: Workloads, api: Api) -> None:
    """A bare pod is its own workload."""
    body = {"metadata": {"name": "lonely"}, "spec": {"containers": [{"name": "main", "image": "none"}]}}
    made = workloads.plane.request("POST", f"/api/v1/namespaces/{workloads.namespace}/pods", body)
    subject, clock = Subject(Ref("Pod", workloads.namespace, "lonely"), made["metadata"]["uid"]), Clock()
    event_recorder = clock.event_recorder(api)
    event_recorder.record(Passes().make(Action.HOLD, "80M"), {TARGET: subject})
    clock.pass_on(event_recorder, 1.0)
    assert workloads.status(subject) is not None

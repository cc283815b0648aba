"""The lease on a real API server: what is written, who may write it, and what faults do to two electors."""

from __future__ import annotations

from typing import Any

import pytest

from control_plane import ControlPlane
from detnet.kubernetes.client.api import Api, ApiRefused, ClusterAccess, connect
from detnet.kubernetes.client.leader_election import LeaderElector
from kubernetes_client.leases import NAME, TIMES, lease_path, standing, wait_leading
from support import wait_for


def _spec(control_plane: ControlPlane, namespace: str) -> dict[str, Any]:
    spec: dict[str, Any] = control_plane.request("GET", lease_path(namespace))["spec"]
    return spec


def test_the_lease_tells_its_story(control_plane: ControlPlane, namespace: str, real: Api) -> None:
    """Times in microseconds, a count of changes of hands, nobody after a release: as client-go writes it."""
    first, second = (LeaderElector(real, namespace, NAME, identity, TIMES) for identity in ("first", "second"))
    first.step()
    taken = _spec(control_plane, namespace)
    assert (taken["holderIdentity"], taken["leaseDurationSeconds"], taken["leaseTransitions"]) == ("first", 3, 0)
    first.step()
    renewed = _spec(control_plane, namespace)
    assert renewed["acquireTime"] == taken["acquireTime"] < renewed["renewTime"]
    second.step()
    assert (first.leading, second.leading, second.holder) == (True, False, "first")
    first.release()
    freed = _spec(control_plane, namespace)
    assert (freed["holderIdentity"], freed["leaseDurationSeconds"], freed["leaseTransitions"]) == ("", 1, 0)
    second.step()
    assert (first.leading, second.leading) == (False, True)
    assert _spec(control_plane, namespace)["leaseTransitions"] == 1


def test_get_create_and_update_are_all_it_needs(control_plane: ControlPlane, namespace: str) -> None:
    """The Role that docs/explain/api-server.md gives is enough; with less, the error names verb and resource."""
    rbac = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{namespace}"
    control_plane.request("POST", f"/api/v1/namespaces/{namespace}/serviceaccounts", {"metadata": {"name": "robot"}})
    elector = LeaderElector(
        connect(ClusterAccess(control_plane.kubeconfig_for(namespace, "robot"))), namespace, NAME, "robot", TIMES
    )
    elector.step()
    assert elector.last_error is not None
    assert 'cannot get resource "leases" in API group "coordination.k8s.io"' in elector.last_error
    group = {"apiGroups": ["coordination.k8s.io"], "resources": ["leases"]}
    rules = [{**group, "verbs": ["create"]}, {**group, "verbs": ["get", "update"], "resourceNames": [NAME]}]
    control_plane.request("POST", f"{rbac}/roles", {"metadata": {"name": "lease"}, "rules": rules})
    binding = {
        "metadata": {"name": "lease"},
        "roleRef": {"apiGroup": "rbac.authorization.k8s.io", "kind": "Role", "name": "lease"},
        "subjects": [{"kind": "ServiceAccount", "name": "robot", "namespace": namespace}],
    }
    control_plane.request("POST", f"{rbac}/rolebindings", binding)
    wait_for(lambda: (elector.step(), elector.leading)[1], what="leading once the Role is known")
    elector.step()
    assert elector.last_error is None


def test_a_holder_that_sees_another_holder_stops_at_once(
    control_plane: ControlPlane, namespace: str, real: Api
) -> None:
    """A person who takes the lease away does not wait for its end."""
    elector = LeaderElector(real, namespace, NAME, "robot", TIMES)
    elector.step()
    lease = control_plane.request("GET", lease_path(namespace))
    lease["spec"]["holderIdentity"] = "person"
    control_plane.request("PUT", lease_path(namespace), lease)
    assert elector.leading
    elector.step()
    assert (elector.leading, elector.holder) == (False, "person")


def test_an_annotation_on_the_lease_harms_nobody(control_plane: ControlPlane, namespace: str, real: Api) -> None:
    """Others may write their own fields: the conflict is read again, and they stay."""
    elector = LeaderElector(real, namespace, NAME, "robot", TIMES)
    elector.step()
    note = {"metadata": {"annotations": {"note": "do not touch"}}}
    control_plane.request("PATCH", lease_path(namespace), note, content_type="application/merge-patch+json")
    elector.step()
    assert (elector.leading, elector.last_error) == (True, None)
    elector.release()
    assert control_plane.request("GET", lease_path(namespace))["metadata"]["annotations"]["note"] == "do not touch"


def test_a_deleted_lease_is_not_free_for_who_saw_its_holder(
    control_plane: ControlPlane, namespace: str, real: Api
) -> None:
    """Its holder may still write; it makes the lease anew, or its time passes."""
    leader, follower = (LeaderElector(real, namespace, NAME, identity, TIMES) for identity in ("leader", "follower"))
    leader.step()
    follower.step()
    control_plane.request("DELETE", lease_path(namespace))
    follower.step()
    with pytest.raises(ApiRefused):
        real.request("GET", lease_path(namespace))
    leader.step()
    assert (leader.leading, follower.leading) == (True, False)
    control_plane.request("DELETE", lease_path(namespace))
    wait_for(lambda: (follower.step(), follower.leading)[1], what="the follower leads", within_s=20.0)
    assert not leader.leading


def test_a_bug_of_the_listener_does_not_end_the_renewals(
    namespace: str, real: Api, caplog: pytest.LogCaptureFixture
) -> None:
    """A thread that died would be a replica that never leads again."""

    def fail(leading: bool) -> None:  # noqa: FBT001 - the callback's one argument
        raise KeyError("our bug")

    with standing(real, namespace, "robot") as elector:
        elector.on_change = fail
        wait_leading(elector)
        first_s = elector.deadline_s
        wait_for(lambda: elector.deadline_s > first_s, what="the next renewal")
    assert "our bug" in caplog.text

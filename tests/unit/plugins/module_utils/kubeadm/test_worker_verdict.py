"""What is done with a host that shall be a worker."""

from __future__ import annotations

import dataclasses

from ansible_collections.detnet.qos.plugins.module_utils.kubeadm.verdict import Worker, worker

CA, OTHER = "sha256:aa", "sha256:bb"
BARE = Worker(
    leftovers=(), control_plane=False, kubelet_ca=None, own_ca=None, cluster_ca=CA, known=False, complete=False
)
JOINED = dataclasses.replace(
    BARE, leftovers=("/etc/kubernetes/kubelet.conf",), kubelet_ca=CA, own_ca=CA, known=True, complete=True
)


def test_a_bare_host_joins() -> None:
    """It is in no cluster."""
    assert worker(BARE).action == "join"


def test_one_that_has_joined_is_kept() -> None:
    """The cluster knows it, and it the cluster."""
    assert worker(JOINED).action == "keep"


def test_a_join_that_never_got_its_certificate_is_begun_anew() -> None:
    """With a token that was lost, or a host that was restarted in between."""
    assert worker(dataclasses.replace(BARE, leftovers=("bootstrap-kubelet.conf",), own_ca=CA)).action == "reset"


def test_a_join_that_was_killed_before_its_end_is_begun_anew() -> None:
    """The node is there, but kubeadm has not done its last step."""
    assert worker(dataclasses.replace(JOINED, complete=False)).action == "reset"


def test_a_node_that_was_deleted_joins_again() -> None:
    """The host has a certificate, but a running kubelet does not register a second time."""
    assert worker(dataclasses.replace(JOINED, known=False, complete=False)).action == "reset"


def test_a_host_that_was_installed_anew_takes_its_old_place() -> None:
    """A join is refused while the cluster has a node of its name."""
    assert worker(dataclasses.replace(BARE, known=True, complete=True)).action == "reset"


def test_a_host_of_another_cluster_is_refused() -> None:
    """Both CAs are named, so that the operator can tell which is which."""
    verdict = worker(dataclasses.replace(JOINED, kubelet_ca=OTHER, own_ca=OTHER))
    assert verdict.action == "refuse"
    assert CA in verdict.reason
    assert OTHER in verdict.reason


def test_a_ca_that_was_replaced_on_the_host_is_refused() -> None:
    """The kubelet works, but no longer believes the API server; the cure is named."""
    verdict = worker(dataclasses.replace(JOINED, own_ca=OTHER))
    assert verdict.action == "refuse"
    assert "ca.crt" in verdict.reason
    assert verdict.cure


def test_a_control_plane_does_not_become_a_worker() -> None:
    """Whatever else is there."""
    assert worker(dataclasses.replace(JOINED, control_plane=True)).action == "refuse"

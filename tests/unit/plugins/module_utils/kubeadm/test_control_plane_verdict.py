"""What is done with a host that shall be the control plane."""

from __future__ import annotations

import dataclasses

import pytest
from ansible_collections.detnet.qos.plugins.module_utils.kubeadm.verdict import ControlPlane, control_plane

BARE = ControlPlane(leftovers=(), finished=False, joined=False, answers=False, missing=(), trouble=("no admin.conf",))
COMPLETE = ControlPlane(
    leftovers=("/etc/kubernetes/admin.conf",), finished=True, joined=False, answers=True, missing=(), trouble=()
)


def test_a_bare_host_begins_a_cluster() -> None:
    """There is nothing that could be lost."""
    assert control_plane(BARE).action == "init"


def test_a_complete_one_is_kept() -> None:
    """It answers, and has all that an init leaves."""
    assert control_plane(COMPLETE).action == "keep"


def test_files_alone_do_not_make_it_complete() -> None:
    """An init that was killed has written admin.conf and the manifests long before the end, and nothing is lost."""
    verdict = control_plane(dataclasses.replace(BARE, leftovers=("/etc/kubernetes/admin.conf", "/var/lib/etcd")))
    assert verdict.action == "reset"
    assert "/var/lib/etcd" in verdict.reason


@pytest.mark.parametrize("finished", [{"finished": True}, {"finished": False}])
def test_an_init_that_was_killed_after_the_server_came_up_is_finished(finished: dict[str, bool]) -> None:
    """Its last phases can be repeated without losing anything."""
    missing = ("ConfigMap kube-public/cluster-info",)
    verdict = control_plane(dataclasses.replace(COMPLETE, **finished, missing=missing))
    assert verdict.action == "finish"
    assert missing[0] in verdict.reason


def test_a_complete_one_that_does_not_answer_is_never_reset() -> None:
    """Its data may be all there is; the operator is told what was seen."""
    trouble = ("the disk under /var/lib/etcd is full (0 KiB left)", "connection refused")
    verdict = control_plane(dataclasses.replace(COMPLETE, answers=False, trouble=trouble))
    assert verdict.action == "refuse"
    assert all(each in verdict.reason for each in trouble)
    assert "restore" in verdict.cure


def test_a_worker_does_not_become_a_control_plane() -> None:
    """It has a kubelet of a cluster, and would lose it."""
    assert control_plane(dataclasses.replace(BARE, joined=True, finished=True)).action == "refuse"

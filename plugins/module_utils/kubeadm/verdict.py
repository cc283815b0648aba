"""What is to be done with a host, from what was found on it: pure, and never by the existence of one file.

``kubeadm`` writes its files long before it is done, so every single one of them exists after a failed run too. What
only the last steps leave behind decides; what a finished cluster holds is never thrown away.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Verdict:
    """What is to be done, why, and what the operator can do where we must not.

    Attributes:
        action: ``keep``, ``init``, ``join``, ``finish`` (the last phases again), ``reset`` (before init or join) or
            ``refuse``.
    """

    action: str
    reason: str
    cure: str = ""


@dataclass(frozen=True, slots=True)
class ControlPlane:
    """What was found on a host that shall be the control plane.

    Attributes:
        leftovers: what kubeadm has written there.
        finished: kubelet.conf names the certificate that rotates, which kubeadm does when the cluster is up.
        joined: it has a kubelet of a cluster, and nothing of a control plane.
        answers: the API server is ready.
        missing: what a finished init leaves in the cluster and is not there; only known when it answers.
        trouble: all that was seen to be wrong.
    """

    leftovers: Sequence[str]
    finished: bool
    joined: bool
    answers: bool
    missing: Sequence[str]
    trouble: Sequence[str]


def control_plane(found: ControlPlane) -> Verdict:
    """Judge a host that shall be the control plane."""
    if found.answers and not found.missing:
        return Verdict("keep", "the API server is ready, and kubeadm's init is complete")
    if found.answers:
        return Verdict("finish", f"kubeadm's init was interrupted: the cluster has no {_and(found.missing)}")
    if found.joined:
        return Verdict(
            "refuse",
            "this host has joined a cluster as a worker",
            "Take it out of the group control_plane, or run the playbook reset on it first",
        )
    if found.finished:
        return Verdict(
            "refuse",
            f"this control plane was complete, and its API server does not answer: {_and(found.trouble)}",
            "Mend that (journalctl -u kubelet, crictl ps -a), or run the playbook restore with a backup; "
            "nothing is reset here, because its data may be all there is",
        )
    if found.leftovers:
        return Verdict("reset", f"kubeadm's init never got to its end, and left {_and(found.leftovers)}")
    return Verdict("init", "there is no control plane on this host")


@dataclass(frozen=True, slots=True)
class Worker:
    """What was found on a host that shall be a worker.

    Attributes:
        leftovers: what kubeadm has written there.
        control_plane: it has the manifests of a control plane.
        kubelet_ca: the key of the CA that its kubelet trusts, none if it has no kubelet.conf.
        own_ca: the key of the CA in its ``pki`` folder, likewise.
        cluster_ca: the key of the CA of the cluster that it shall join.
        known: the cluster has a node of its name.
        complete: the join got to its end: that node names its container runtime, or from Kubernetes 1.34 on the host
            does, and has no credentials of the join any more.
    """

    leftovers: Sequence[str]
    control_plane: bool
    kubelet_ca: str | None
    own_ca: str | None
    cluster_ca: str
    known: bool
    complete: bool


def worker(found: Worker) -> Verdict:
    """Judge a host that shall be a worker."""
    if found.control_plane:
        return Verdict(
            "refuse",
            "this host has the manifests of a control plane",
            "Take it out of the group workers, or run the playbook reset on it first",
        )
    if found.kubelet_ca is not None:
        return _with_kubelet(found)
    if found.leftovers:
        return Verdict("reset", f"a join never got its certificate, and left {_and(found.leftovers)}")
    if found.known:
        return Verdict(
            "reset", "the cluster has a node of this name, but this host is in no cluster: it was installed anew"
        )
    return Verdict("join", "this host is in no cluster")


def _with_kubelet(found: Worker) -> Verdict:
    if found.kubelet_ca != found.cluster_ca:
        return Verdict(
            "refuse",
            f"this host belongs to another cluster: its kubelet trusts the CA {found.kubelet_ca}, "
            f"but this cluster has {found.cluster_ca}",
            "Correct the inventory, or run the playbook reset on it first",
        )
    if found.own_ca != found.cluster_ca:
        return Verdict(
            "refuse",
            f"the CA in /etc/kubernetes/pki/ca.crt is {found.own_ca or 'missing'}, "
            f"but the kubelet and the cluster have {found.cluster_ca}",
            "Copy that file from the control plane and restart the kubelet, or run the playbook reset on it first",
        )
    if not found.known:
        return Verdict("reset", "this host has a certificate of the cluster, but the cluster has no node of its name")
    if not found.complete:
        return Verdict(
            "reset",
            "the join was interrupted: its credentials are still there (/etc/kubernetes/bootstrap-kubelet.conf), or "
            "neither node nor host says which container runtime it uses",
        )
    return Verdict("keep", "the node has joined")


def _and(parts: Sequence[str]) -> str:
    return ", ".join(parts) if parts else "nothing that is known here"

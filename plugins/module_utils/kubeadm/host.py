"""What kubeadm has left on this host and what its cluster says."""

from __future__ import annotations

import base64
import json
import re
import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from ..model.errors import UserError
from .certificate import Certificate

# A full disk is the commonest reason for an etcd that does not start; it wants to write 64 MB at once.
ETCD_NEEDS_BYTES = 64 * 1024 * 1024
COMPONENTS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler")
ANNOTATION = "kubeadm.alpha.kubernetes.io/cri-socket"

Run = Callable[[list[str]], tuple[int, str, str]]


@dataclass(frozen=True, slots=True)
class Host:
    """The files of kubeadm.

    Attributes:
        kubernetes: kubeadm's folder, ``/etc/kubernetes``.
        etcd: etcd's data folder.
        kubelet: the kubelet's folder.
    """

    kubernetes: Path
    etcd: Path
    kubelet: Path

    @property
    def admin(self) -> Path:
        """The administrator's kubeconfig."""
        return self.kubernetes / "admin.conf"

    def manifests(self) -> list[str]:
        """The static pods of a control plane that are there."""
        return [name for name in COMPONENTS if (self.kubernetes / "manifests" / f"{name}.yaml").exists()]

    def leftovers(self) -> list[str]:
        """All that a kubeadm that ran here may have left; certificates of a CA alone may be the operator's own."""
        files = [self.admin, *(self.kubernetes / name for name in ("kubelet.conf", "bootstrap-kubelet.conf"))]
        found = [str(path) for path in [*files, self.kubelet / "config.yaml"] if path.exists()]
        if self.manifests():
            found.append(f"{self.kubernetes}/manifests")
        if (self.etcd / "member").exists():
            found.append(str(self.etcd))
        return found

    def finished(self) -> bool:
        """Whether kubelet.conf names the certificate that rotates."""
        return "kubelet-client-current.pem" in _text(self.kubernetes / "kubelet.conf")

    def joined(self) -> bool:
        """Whether a join of Kubernetes 1.34 or newer got to its end here.

        Before it starts the kubelet it writes the runtime's socket into a file of the host, and no longer onto the node
        (feature NodeLocalCRISocket: on from 1.34, locked in 1.36). At its end it removes its credentials.
        """
        bootstrapping = (self.kubernetes / "bootstrap-kubelet.conf").exists()
        return (self.kubelet / "instance-config.yaml").exists() and not bootstrapping

    def ca(self) -> str | None:
        """The key of the CA in the ``pki`` folder, none without one."""
        path = self.kubernetes / "pki/ca.crt"
        return _certificate(_text(path), path).key_hash if path.exists() else None

    def kubelet_ca(self) -> str | None:
        """The key of the CA that the kubelet trusts, none without a kubelet.conf."""
        path = self.kubernetes / "kubelet.conf"
        if not path.exists():
            return None
        data = re.search(r"certificate-authority-data: (\S+)", _text(path))
        return _certificate(base64.b64decode(data[1]).decode() if data else "", path).key_hash

    def ends(self) -> dict[str, str]:
        """The day on which each certificate of the control plane ends, by its file."""
        ends = {}
        for path in sorted((self.kubernetes / "pki").rglob("*.crt")):
            ends[str(path)] = f"{_certificate(_text(path), path).not_after:%Y-%m-%d}"
        for path in sorted(self.kubernetes.glob("*.conf")):
            data = re.search(r"client-certificate-data: (\S+)", _text(path))
            if data:
                ends[str(path)] = f"{_certificate(base64.b64decode(data[1]).decode(), path).not_after:%Y-%m-%d}"
        return ends

    def trouble(self, now: datetime) -> list[str]:
        """What can be seen from here when an API server does not answer."""
        found = []
        if self.etcd.exists() and (free := shutil.disk_usage(self.etcd).free) < ETCD_NEEDS_BYTES:
            found.append(f"the disk under {self.etcd} is full ({free // 1024} KiB left)")
        absent = [name for name in COMPONENTS if name not in self.manifests()]
        found += [f"no manifest of {name} in {self.kubernetes}/manifests" for name in absent]
        if not (self.etcd / "member").exists():
            found.append(f"no data of etcd in {self.etcd}")
        path = self.kubernetes / "pki/apiserver.crt"
        if path.exists() and (end := _certificate(_text(path), path).not_after) < now:
            found.append(f"{path} ended on {end:%Y-%m-%d}, see the playbook certificates")
        return found


@dataclass(frozen=True, slots=True)
class Cluster:
    """What the API server says.

    Attributes:
        trouble: why it does not answer, empty if it does.
        configuration: kubeadm's ClusterConfiguration as YAML, empty if it is not there.
        missing: what a finished init leaves and is not there.
        kube_proxy: whether the DaemonSet kube-proxy is there.
        nodes: what matters here of each node, by name.
    """

    trouble: str
    configuration: str = ""
    missing: tuple[str, ...] = ()
    kube_proxy: bool = False
    nodes: dict[str, dict[str, Any]] | None = None

    @classmethod
    def ask(cls, run: Run, admin: Path, *, dns: bool) -> Cluster:
        """Ask it, with the administrator's rights and a short patience.

        Raises:
            UserError: it is ready, and refuses a question all the same.
        """
        kubectl = ["kubectl", f"--kubeconfig={admin}", "--request-timeout=10s"]
        if not admin.exists():
            return cls(trouble=f"there is no {admin}")
        code, _output, error = run([*kubectl, "get", "--raw=/readyz"])
        if code != 0:
            return cls(trouble=error.strip().replace("\n", "; ") or "kubectl does not start")
        objects = ["configmap/kubeadm-config", "service/kube-dns", "daemonset/kube-proxy"]
        kube_system = _get(run, [*kubectl, "--namespace=kube-system"], objects)
        named = {f"{one['kind']}/{one['metadata']['name']}": one for one in kube_system}
        discovery = _get(run, [*kubectl, "--namespace=kube-public"], ["configmap/cluster-info"])
        there = {
            "ConfigMap kube-system/kubeadm-config": "ConfigMap/kubeadm-config" in named,
            "ConfigMap kube-public/cluster-info": bool(discovery and discovery[0].get("data", {}).get("kubeconfig")),
            "Service kube-system/kube-dns": not dns or "Service/kube-dns" in named,
        }
        return cls(
            trouble="",
            configuration=named.get("ConfigMap/kubeadm-config", {}).get("data", {}).get("ClusterConfiguration", ""),
            missing=tuple(name for name, found in there.items() if not found),
            kube_proxy="DaemonSet/kube-proxy" in named,
            nodes={one["metadata"]["name"]: _node(one) for one in _get(run, kubectl, ["nodes"])},
        )


def now_utc() -> datetime:
    """Return the time that certificates are held against."""
    return datetime.now(tz=UTC)


def _get(run: Run, kubectl: Sequence[str], objects: Sequence[str]) -> list[dict[str, Any]]:
    code, output, error = run([*kubectl, "get", *objects, "--ignore-not-found", "--output=json"])
    if code != 0:
        raise UserError(f"the API server is ready, but does not tell of {', '.join(objects)}: {error.strip()}")
    answer: dict[str, Any] = json.loads(output) if output.strip() else {"kind": "List", "items": []}
    return list(answer["items"]) if answer["kind"].endswith("List") else [answer]


def _node(one: dict[str, Any]) -> dict[str, Any]:
    metadata, status = one["metadata"], one["status"]
    conditions = {each["type"]: each["status"] for each in status.get("conditions", [])}
    return {
        "registered": ANNOTATION in metadata.get("annotations", {}),
        "ready": conditions.get("Ready") == "True",
        "labels": metadata.get("labels", {}),
        "kubelet_version": status["nodeInfo"]["kubeletVersion"],
    }


def _text(path: Path) -> str:
    return path.read_text(encoding="utf-8") if path.exists() else ""


def _certificate(pem: str, path: Path) -> Certificate:
    try:
        return Certificate.of(pem)
    except UserError as error:
        raise UserError(f"{path}: {error}") from error

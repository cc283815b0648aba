"""Which programs the control plane is made of, and where this machine has them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

from control_plane import releases
from control_plane.releases import REPOSITORY

CACHE = REPOSITORY / ".cache" / "kubernetes"
PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kubectl")


class MissingBinariesError(Exception):
    """No place has all of ``PROGRAMS``; the message says how to get them."""


@dataclass(frozen=True, slots=True)
class Binaries:
    """One folder's programs; programs of different releases are never mixed."""

    etcd: Path
    kube_apiserver: Path
    kube_controller_manager: Path
    kubectl: Path

    @property
    def version(self) -> str:
        """The API server's version, such as ``1.37.2``."""
        answer = subprocess.run([self.kube_apiserver, "--version"], check=True, capture_output=True, text=True).stdout
        return answer.strip().rpartition(" v")[2]


def find() -> Binaries:
    """The programs from ``$KUBEBUILDER_ASSETS``, else from PATH, else as ``scripts/control-plane build`` left them.

    The first two are the convention of controller-runtime's envtest
    (https://book.kubebuilder.io/reference/envtest.html), whose archive has no kube-controller-manager. Where
    ``$KUBERNETES`` asks for a release, no other one is taken for it.

    Raises:
        MissingBinariesError: ``$KUBEBUILDER_ASSETS`` is incomplete or another release, or no place has them all.
        UnknownReleaseError: ``$KUBERNETES`` names no release of the tests.
    """
    version = releases.wanted()
    chosen = bool(os.environ.get("KUBERNETES"))
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        found = _in(assets) or _refuse(f"KUBEBUILDER_ASSETS={assets} has no {' and no '.join(_missing(assets))}")
        if chosen and found.version != version:
            return _refuse(f"KUBEBUILDER_ASSETS={assets} has {found.version}, and KUBERNETES asks for {version}")
        return found
    found_on_path = _in(os.environ.get("PATH", ""))
    if found_on_path and (not chosen or found_on_path.version == version):
        return found_on_path
    return _in(str(CACHE / version / "bin")) or _refuse(
        f"no control plane of Kubernetes {version} ({', '.join(PROGRAMS)}): run scripts/control-plane build"
    )


def _in(path: str) -> Binaries | None:
    places = [shutil.which(program, path=path) for program in PROGRAMS]
    found = [Path(place).resolve() for place in places if place]
    return Binaries(*found) if len(found) == len(PROGRAMS) else None


def _missing(path: str) -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program, path=path) is None]


def _refuse(message: str) -> Binaries:
    raise MissingBinariesError(message)

"""Which programs the control plane is made of, and where this machine has them."""

from __future__ import annotations

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
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
    def version(self) -> tuple[int, int]:
        """The API server's major and minor number, such as ``(1, 20)``."""
        answer = subprocess.run([self.kube_apiserver, "--version"], check=True, capture_output=True, text=True).stdout
        major, minor = answer.strip().rpartition(" v")[2].split(".")[:2]
        return int(major), int(minor)


def find() -> Binaries:
    """The programs from ``$KUBEBUILDER_ASSETS``, else from PATH, else as ``scripts/control-plane build`` left them.

    The first two are the convention of controller-runtime's envtest
    (https://book.kubebuilder.io/reference/envtest.html), whose archive has no kube-controller-manager.

    Raises:
        MissingBinariesError: ``$KUBEBUILDER_ASSETS`` lacks one of them, or no place has them all.
    """
    assets = os.environ.get("KUBEBUILDER_ASSETS")
    if assets:
        return _in(assets) or _refuse(f"KUBEBUILDER_ASSETS={assets} has no {' and no '.join(_missing(assets))}")
    for path in (os.environ.get("PATH", ""), *(str(built) for built in sorted(CACHE.glob("*/bin")))):
        if found := _in(path):
            return found
    return _refuse(f"no control plane programs ({', '.join(PROGRAMS)}): run scripts/control-plane build")


def _in(path: str) -> Binaries | None:
    places = [shutil.which(program, path=path) for program in PROGRAMS]
    found = [Path(place).resolve() for place in places if place]
    return Binaries(*found) if len(found) == len(PROGRAMS) else None


def _missing(path: str) -> list[str]:
    return [program for program in PROGRAMS if shutil.which(program, path=path) is None]


def _refuse(message: str) -> Binaries:
    raise MissingBinariesError(message)

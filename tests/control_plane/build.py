"""Provides the programs of one release, once: the official ones where they can be reached, else built by Go."""

from __future__ import annotations

import fcntl
from collections.abc import Callable, Sequence
from pathlib import Path

from control_plane import go, official, releases
from control_plane.binaries import CACHE, PROGRAMS
from control_plane.steps import step

NODE_PROGRAMS = ("kube-scheduler", "kube-proxy", "kubelet", "kubeadm")


def build(version: str, *, node_programs: bool = False) -> Path:
    """Get the programs that ``.cache/kubernetes/<version>/bin`` lacks and return that folder.

    Raises:
        BuildError: a step failed.
    """
    target = CACHE / version / "bin"
    target.mkdir(parents=True, exist_ok=True)
    with (CACHE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two test runs at once: the second waits and finds everything there
        wanted = PROGRAMS + NODE_PROGRAMS if node_programs else PROGRAMS
        missing = [program for program in wanted if not (target / program).exists()]
        if missing:
            _get(version, missing, target)
    return target


def _get(version: str, missing: Sequence[str], target: Path) -> None:
    of_kubernetes = [program for program in missing if program != "etcd"]
    if "etcd" in missing:
        number = releases.etcd(version)
        if not _fetched(f"etcd {number}", lambda: official.etcd(number, target)):
            with step(f"building etcd {number} of its Go module (about a minute)"):
                go.build(etcd(number), ["etcd"], target)
    if of_kubernetes and not _fetched(
        f"Kubernetes {version}: {', '.join(of_kubernetes)}", lambda: official.kubernetes(version, of_kubernetes, target)
    ):
        hint = " of its Go module (minutes; the others reuse most of it)"
        for program in of_kubernetes:
            with step(f"building {program} {version}{hint}"):
                go.build(kubernetes(version), [program], target)
            hint = ""


def _fetched(what: str, fetch: Callable[[], None]) -> bool:
    try:
        with step(f"fetching {what}"):
            fetch()
    except official.UnreachableError as error:
        print(f"control-plane: not reached: {error}", flush=True)
        return False
    return True


def kubernetes(version: str) -> go.Module:
    """The module of Kubernetes; its programs say the version that component-base is stamped with."""
    major, minor, patch = version.split(".")
    stamp = {"gitVersion": f"v{version}", "gitMajor": major, "gitMinor": minor}
    places = ("k8s.io/component-base/version", "k8s.io/client-go/pkg/version")
    names = (*(name for name in PROGRAMS if name != "etcd"), *NODE_PROGRAMS)
    return go.Module(
        path="k8s.io/kubernetes",
        version=f"v{version}",
        packages={name: f"k8s.io/kubernetes/cmd/{name}" for name in names},
        siblings=f"v0.{minor}.{patch}",
        stamps={f"{place}.{key}": value for place in places for key, value in stamp.items()},
    )


def etcd(version: str) -> go.Module:
    """The module of etcd's server, whose command is its root."""
    path = "go.etcd.io/etcd/server/v3"
    return go.Module(path=path, version=f"v{version}", packages={"etcd": path}, siblings=f"v{version}")

"""Programs of a cluster's hosts that Kubernetes' release does not have, built of their Go modules, once a version."""

from __future__ import annotations

import fcntl
from pathlib import Path

from control_plane import go
from control_plane.releases import REPOSITORY
from control_plane.steps import step

CACHE = REPOSITORY / ".cache" / "programs"
_PLUGINS = {
    "main": ("bridge", "loopback", "ptp"),
    "meta": ("bandwidth", "firewall", "portmap"),
    "ipam": ("host-local",),
}


def containerd(version: str) -> Path:
    """The folder of ``containerd``, ``ctr`` and ``containerd-shim-runc-v2``.

    Raises:
        BuildError: a step failed; so do the others.
    """
    path = "github.com/containerd/containerd/v2"
    packages = {name: f"{path}/cmd/{name}" for name in ("containerd", "containerd-shim-runc-v2", "ctr")}
    return _built(
        "containerd", go.Module(path, f"v{version}", packages, stamps={f"{path}/version.Version": f"v{version}"})
    )


def crictl(version: str) -> Path:
    """The folder of ``crictl``."""
    path = "sigs.k8s.io/cri-tools"
    stamps = {f"{path}/pkg/version.Version": f"v{version}"}
    return _built("cri-tools", go.Module(path, f"v{version}", {"crictl": f"{path}/cmd/crictl"}, stamps=stamps))


def cni_plugins(version: str) -> Path:
    """The folder of the plugins that a network on one host takes: bridge and what goes with it."""
    path = "github.com/containernetworking/plugins"
    packages = {name: f"{path}/plugins/{kind}/{name}" for kind, names in _PLUGINS.items() for name in names}
    stamps = {f"{path}/pkg/utils/buildversion.BuildVersion": f"v{version}"}
    return _built("cni-plugins", go.Module(path, f"v{version}", packages, stamps=stamps))


def coredns(version: str) -> Path:
    """The folder of ``coredns``."""
    path = "github.com/coredns/coredns"
    return _built("coredns", go.Module(path, f"v{version}", {"coredns": path}))


def etcd_tools(version: str) -> Path:
    """The folder of ``etcdctl`` and ``etcdutl``."""
    _built("etcd-tools", _etcd_tool("etcdctl", version))
    return _built("etcd-tools", _etcd_tool("etcdutl", version))


def _etcd_tool(name: str, version: str) -> go.Module:
    path = f"go.etcd.io/etcd/{name}/v3"
    return go.Module(path, f"v{version}", {name: path}, siblings=f"v{version}")


def _built(name: str, module: go.Module) -> Path:
    target = CACHE / name / module.version.removeprefix("v")
    target.mkdir(parents=True, exist_ok=True)
    with target.with_suffix(".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # two runs at once: the second waits and finds everything there
        missing = [program for program in module.packages if not (target / program).exists()]
        if missing:
            with step(f"building {', '.join(missing)} of {module.path} {module.version} (once)"):
                go.build(module, missing, target)
    return target

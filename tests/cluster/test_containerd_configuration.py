"""The configuration of containerd has the form of its version."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

import pytest

from access.role import ROOT
from cluster.rendered import render, value


def _configuration(folder: Path, version: str, **variables: object) -> dict[str, Any]:
    wanted = {"profile_containerd": version, "containerd_sandbox_image": "registry.k8s.io/pause:3.10", **variables}
    (folder / "templates").symlink_to(ROOT / "roles/containerd/templates")
    merged = "__containerd_settings | detnet.qos.containerd_configuration(__containerd_existing)"
    return tomllib.loads(str(value(folder, "containerd", merged, **wanted)))


def _runtime(configuration: dict[str, Any]) -> dict[str, Any]:
    plugins = configuration["plugins"]
    return dict(plugins.get("io.containerd.cri.v1.runtime") or plugins["io.containerd.grpc.v1.cri"])


@pytest.mark.parametrize(("version", "form"), [("1.6.20", 2), ("1.7.28", 2), ("2.0.6", 3), ("2.3.4", 3)])
def test_every_version_makes_cgroups_with_systemd(tmp_path: Path, version: str, form: int) -> None:
    """The default is the other way, and a kubelet with systemd would then start no pod."""
    configuration = _configuration(tmp_path, version)
    assert configuration["version"] == form
    assert _runtime(configuration)["containerd"]["runtimes"]["runc"]["options"] == {"SystemdCgroup": True}
    assert "disabled_plugins" not in configuration


@pytest.mark.parametrize(
    ("version", "field", "value"),
    [
        ("1.7.28", "bin_dir", "/opt/cni/bin"),
        ("2.0.6", "bin_dir", "/opt/cni/bin"),
        ("2.3.4", "bin_dirs", ["/opt/cni/bin"]),
    ],
)
def test_network_plugins_are_looked_for_where_cilium_puts_them(
    tmp_path: Path, version: str, field: str, value: object
) -> None:
    """Debian's package looks elsewhere."""
    assert _runtime(_configuration(tmp_path, version))["cni"][field] == value


def test_the_sandbox_is_the_image_that_kubeadm_wants(tmp_path: Path) -> None:
    """Another one would be pulled beside it, or not found without the internet."""
    asked = {"stdout_lines": ["registry.k8s.io/etcd:3.6.8-0", "registry.k8s.io/pause:3.10.2"]}
    configuration = _configuration(tmp_path, "2.3.4", containerd_sandbox_image="", __containerd_kubeadm_images=asked)
    images = configuration["plugins"]["io.containerd.cri.v1.images"]
    assert images["pinned_images"] == {"sandbox": "registry.k8s.io/pause:3.10.2"}


@pytest.mark.parametrize(
    ("alone", "server"), [(False, "https://registry-1.docker.io"), (True, "https://mirror.example")]
)
def test_mirrors_come_first(tmp_path: Path, *, alone: bool, server: str) -> None:
    """And where there is no way to the internet, nothing else is asked."""
    item = {"key": "docker.io", "value": ["https://mirror.example"]}
    text = render(tmp_path, "containerd", "hosts.toml.j2", item=item, containerd_mirrors_only=alone)
    assert tomllib.loads(text) == {
        "server": server,
        "host": {"https://mirror.example": {"capabilities": ["pull", "resolve"]}},
    }

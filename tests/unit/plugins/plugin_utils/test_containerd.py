"""A role's settings in a configuration of containerd that others have written to."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.containerd import merged, overridden

V2, RUNTIME, IMAGES = "io.containerd.grpc.v1.cri", "io.containerd.cri.v1.runtime", "io.containerd.cri.v1.images"
OURS_2 = f"""
version = 2
[plugins."{V2}"]
sandbox_image = "pause:1"
[plugins."{V2}".cni]
bin_dir = "/opt/cni/bin"
[plugins."{V2}".registry]
config_path = "/etc/containerd/certs.d"
[plugins."{V2}".containerd]
default_runtime_name = "runc"
[plugins."{V2}".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."{V2}".containerd.runtimes.runc.options]
SystemdCgroup = true
"""
OURS_3 = f"""
version = 3
[plugins."{IMAGES}".pinned_images]
sandbox = "pause:1"
[plugins."{RUNTIME}".cni]
bin_dirs = ["/opt/cni/bin"]
[plugins."{RUNTIME}".containerd]
default_runtime_name = "runc"
[plugins."{RUNTIME}".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
[plugins."{RUNTIME}".containerd.runtimes.runc.options]
SystemdCgroup = true
"""
NVIDIA = {"runtime_type": "io.containerd.runc.v2", "options": {"BinaryName": "/usr/bin/nvidia-container-runtime"}}


def others(version: int, plugin: str) -> str:
    """A file as NVIDIA's toolkit and an administrator leave it."""
    return f"""
version = {version}
root = "/data/containerd"
imports = ["/etc/containerd/conf.d/*.toml"]
disabled_plugins = ["cri", "io.containerd.snapshotter.v1.zfs"]
[plugins."{plugin}"]
enable_cdi = true
[plugins."{plugin}".cni]
bin_dir = "/usr/lib/cni"
[plugins."{plugin}".containerd]
default_runtime_name = "nvidia"
[plugins."{plugin}".containerd.runtimes.nvidia]
runtime_type = "io.containerd.runc.v2"
[plugins."{plugin}".containerd.runtimes.nvidia.options]
BinaryName = "/usr/bin/nvidia-container-runtime"
[plugins."{plugin}".containerd.runtimes.runc]
runtime_type = "io.containerd.runc.v2"
sandboxer = "own"
[proxy_plugins.soci]
address = "/run/soci.sock"
"""


def read(existing: str, ours: str) -> dict[str, Any]:
    """The merged configuration."""
    return tomllib.loads(merged(existing, ours))


@pytest.mark.parametrize("ours", [OURS_2, OURS_3])
def test_a_new_file_has_the_roles_settings_alone(ours: str) -> None:
    """In the same form."""
    assert read("", ours) == tomllib.loads(ours)


@pytest.mark.parametrize(
    ("version", "plugin", "ours", "cni"),
    [(2, V2, OURS_2, {"bin_dir": "/opt/cni/bin"}), (3, RUNTIME, OURS_3, {"bin_dirs": ["/opt/cni/bin"]})],
)
def test_what_others_have_set_survives(version: int, plugin: str, ours: str, cni: object) -> None:
    """Their runtime stays the default one; the role's own has the role's values alone, and CRI is not disabled."""
    now = read(others(version, plugin), ours)
    runtime = now["plugins"][plugin]
    assert runtime["containerd"]["runtimes"]["nvidia"] == NVIDIA
    assert runtime["containerd"]["default_runtime_name"] == "nvidia"
    assert runtime["containerd"]["runtimes"]["runc"] == {
        "runtime_type": "io.containerd.runc.v2",
        "options": {"SystemdCgroup": True},
    }
    assert (runtime["cni"], runtime["enable_cdi"]) == (cni, True)
    assert now["imports"] == ["/etc/containerd/conf.d/*.toml"]
    assert now["root"] == "/data/containerd"
    assert now["disabled_plugins"] == ["io.containerd.snapshotter.v1.zfs"]
    assert now["proxy_plugins"] == {"soci": {"address": "/run/soci.sock"}}


def test_runtimes_and_imports_go_along_with_an_upgrade() -> None:
    """From the format of containerd 1.7 to that of 2.x, under the plugin's new name."""
    now = read(others(2, V2), OURS_3)
    assert now["version"] == 3
    assert V2 not in now["plugins"]
    assert now["plugins"][RUNTIME]["containerd"]["runtimes"]["nvidia"] == NVIDIA
    assert now["plugins"][RUNTIME]["containerd"]["default_runtime_name"] == "nvidia"
    assert now["imports"] == ["/etc/containerd/conf.d/*.toml"]


@pytest.mark.parametrize(("version", "plugin", "ours"), [(2, V2, OURS_2), (3, RUNTIME, OURS_3), (2, V2, OURS_3)])
def test_the_second_time_changes_nothing(version: int, plugin: str, ours: str) -> None:
    """The file is its own merge."""
    once = merged(others(version, plugin), ours)
    assert merged(once, ours) == once


def test_odd_values_survive() -> None:
    """Whatever TOML can hold."""
    odd = (
        'debug = {level = "a\\u007f\\"\\\\b\u00e9"}\nlist = [1, 2.5, true, "x", {a = 1}]\n'
        'day = 2026-11-30\n["a.b".""]\n'
    )
    now = read(odd, OURS_3)
    assert {name: now[name] for name in tomllib.loads(odd)} == tomllib.loads(odd)


def test_what_is_no_toml_is_refused() -> None:
    """It would be lost otherwise."""
    with pytest.raises(ValueError, match="line 1"):
        merged("version == 2", OURS_2)


def test_an_import_that_has_the_last_word_is_named() -> None:
    """What merely is not in the answer is not: versions differ in what they tell."""
    effective = f'[plugins."{V2}".containerd.runtimes.runc.options]\nSystemdCgroup = false\n'
    assert overridden(effective, OURS_2) == [
        f"{V2}.containerd.runtimes.runc.options.SystemdCgroup is false and not true"
    ]
    assert overridden(merged(others(3, RUNTIME), OURS_3), OURS_3) == []

"""What kubeadm is told when it upgrades."""

from __future__ import annotations

from pathlib import Path

import pytest

from cluster.rendered import value


@pytest.mark.parametrize(
    ("version", "kube_proxy", "options"),
    [
        ("1.31.9", False, []),  # it looks whether kube-proxy was there, and knows no such phase
        ("1.32.4", False, ["--skip-phases=addon/kube-proxy"]),
        ("1.37.2", False, ["--skip-phases=addon/kube-proxy"]),
        ("1.37.2", True, []),
    ],
)
def test_kube_proxy_does_not_come_back(tmp_path: Path, version: str, *, kube_proxy: bool, options: list[str]) -> None:
    """From 1.32 on kubeadm brings it to a cluster that was begun before and works without."""
    wanted = {"profile_kubernetes": version, "control_plane_kube_proxy": kube_proxy}
    assert value(tmp_path, "control_plane", "__control_plane_upgrade_options", **wanted) == options


@pytest.mark.parametrize("role", ["control_plane", "worker"])
def test_an_upgrade_may_fail_the_checks_that_the_start_may_fail(tmp_path: Path, role: str) -> None:
    """Kubeadm checks the system again, and a host that was let in would refuse to be upgraded."""
    wanted = {f"{role}_ignored_errors": ["SystemVerification", "Swap"], "control_plane_kube_proxy": True, "groups": {}}
    options = value(tmp_path, role, f"__{role}_upgrade_options", **wanted)
    assert options == ["--ignore-preflight-errors=SystemVerification,Swap"]

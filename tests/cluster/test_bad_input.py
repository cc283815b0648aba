"""Bad input is refused with one clear message, before anything changes."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from access.role import ROOT, play

K, C, W = "kubernetes_packages", "control_plane", "worker"
WRONG = [
    (K, {"kubernetes_packages_version": "1.30"}, 'kubernetes_packages_version is "1.30"; expected a version such as'),
    (K, {"kubernetes_packages_suite": "stable"}, "expected a path with a slash at its end, or"),
    (C, {"control_plane_version": "1.19.3"}, 'control_plane_version is "1.19.3"; expected a version from'),
    (C, {"control_plane_address": "192.0.2.99"}, 'control_plane_address is "192.0.2.99"; expected an address of'),
    (C, {"control_plane_endpoint": "api.example"}, "control_plane_endpoint is"),
    (C, {"control_plane_endpoint": "fd00::11:6443"}, "such as 10.0.0.1:6443 or [fd00::1]:6443"),
    (C, {"control_plane_pod_subnet": "fd00::/56"}, "expected a network of the address's family"),
    (C, {"control_plane_node_name": "n" * 64}, "expected at most 63 small letters, digits, hyphens and dots"),
    (W, {"worker_node_name": "node_1", "worker_control_plane": "localhost"}, 'worker_node_name is "node_1"; expected'),
    (C, {"control_plane_ignored_errors": ["all"]}, "because 'all' also hides unexpected failures"),
    (C, {"control_plane_arguments": {"kublet": {}}}, "kublet"),
    (C, {"control_plane_drift": "perhaps"}, "value of control_plane_drift must be one of: refuse, apply"),
    (W, {"worker_ignored_errors": ["all"], "worker_control_plane": "localhost"}, "worker_ignored_errors has 'all'"),
    ("containerd", {"containerd_source": "snap"}, "value of containerd_source must be one of"),
    ("node", {"node_swap": "off"}, "value of node_swap must be one of: disabled, keep"),
    ("node", {"node_kernel_backport": True}, "node_backports is empty; with node_kernel_backport a Debian mirror's"),
]


@pytest.mark.parametrize(("role", "variables", "message"), WRONG)
def test_it_is_named_with_its_cure(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, role: str, variables: dict[str, object], message: str
) -> None:
    """The message names the variable and says what was expected."""
    monkeypatch.setenv("ANSIBLE_COLLECTIONS_PATH", str(ROOT / ".cache/collections"))
    playbook = [
        {"hosts": "localhost", "gather_subset": ["!all", "network", "platform"], "roles": [f"detnet.qos.{role}"]}
    ]
    refused = play(tmp_path, {"profile_out_of_support": "warn", **variables}, "--check", playbook=json.dumps(playbook))
    assert (refused.ok, refused.changed) == (False, 0)
    assert message in " ".join(refused.output.split()), refused.output
    assert len(re.findall(r"^(?:fatal|failed): \[", refused.output, flags=re.MULTILINE)) == 1

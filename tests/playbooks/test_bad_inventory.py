"""A wrong inventory stops the first play with one message that names each variable and its cure."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from playbooks.played import NOWHERE, ROOT, played

WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "type": ({"robot_factory_http_rate": "fast"}, 'robot_factory_http_rate is "fast": expected a whole number.'),
    "choice": ({"profile_name": "newest"}, 'profile_name is "newest": expected one of reference, current.'),
    "name": ({"network_policies_namespce": "x"}, "nothing reads it; did you mean network_policies_namespace?"),
    "playbooks' name": ({"detnet_kubconfig": "x"}, "nothing reads it; did you mean detnet_kubeconfig?"),
    "template": ({"robot_factory_namespace": "{{ nowhere }}"}, "robot_factory_namespace: it cannot be worked out"),
    "overlap": ({"control_plane_pod_subnet": "10.96.0.0/16"}, "control_plane_service_subnet is 10.96.0.0/12"),
    "host inside": ({"control_plane_pod_subnet": "192.0.2.0/24"}, "it holds the address 192.0.2.11 of node1"),
    "pair": ({"profile_name": "current", "profile_containerd": "1.7.28"}, "needs containerd 2.2.0 or 2.3.0"),
    "end of life": ({"profile_out_of_support": "refuse"}, "Kubernetes 1.30 is OUT OF SUPPORT since 2025-07-15"),
    "no kubeconfig": ({"detnet_kubeconfig": "/nowhere/config"}, "the file cannot be read (No such file or directory)"),
    "no context": ({"detnet_context": "prod"}, 'detnet_context is "prod": '),
    "no cluster": ({}, "The cluster does not answer, nothing was changed. Check detnet_kubeconfig ("),
}


def play(folder: Path, variables: dict[str, Any], *options: str) -> tuple[int, str]:
    """Play site.yml for the example inventory with some variables of one's own; nothing answers at its address."""
    (folder / "config").write_text(NOWHERE, encoding="utf-8")
    (folder / "group_vars").mkdir()
    given = {"detnet_kubeconfig": str(folder / "config")} | variables
    (folder / "group_vars/all.yml").write_text(yaml.safe_dump(given), encoding="utf-8")
    (folder / "hosts.yml").write_text("all: {}", encoding="utf-8")
    inventories = [f"--inventory={ROOT / 'inventories/three_node'}", f"--inventory={folder}"]
    return played("site.yml", {}, *inventories, *options)


@pytest.mark.parametrize("kind", WRONG)
def test_the_message_names_the_variable_and_the_cure(tmp_path: Path, kind: str) -> None:
    """There is one failure, and nothing has changed."""
    variables, message = WRONG[kind]
    code, output = play(tmp_path, variables, "--tags=stack")
    assert code != 0, output
    assert message in " ".join(output.split()), output
    assert len(re.findall(r"^(?:fatal|failed): \[", output, flags=re.MULTILINE)) == 1, output
    assert "changed=0" in output, output


def test_all_that_is_wrong_is_in_one_message(tmp_path: Path) -> None:
    """Nobody has to mend and try as often as there are mistakes."""
    variables = {"robot_factory_http_rate": "fast", "network_policies_namespce": "x", "detnet_context": "prod"}
    output = play(tmp_path, variables, "--tags=stack")[1]
    assert "nothing was changed. Mend 3 things:" in output, output


def test_versions_out_of_support_are_told_and_stop_nothing(tmp_path: Path) -> None:
    """The reference profile says so loudly, and goes on to what the tag asks for, which here is nothing."""
    code, output = play(tmp_path, {}, "--tags=nothing")
    assert code == 0, output
    assert "OUT OF SUPPORT since 2025-07-15" in output

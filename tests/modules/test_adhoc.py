"""The commands of the README, as a person types them."""

from __future__ import annotations

from pathlib import Path

import pytest

from modules.running import Collection
from modules.workloads import EGRESS, Workloads


@pytest.mark.timeout(300)
def test_a_cap_is_set_and_looked_at_from_the_command_line(
    collection: Collection, workloads: Workloads, tmp_path: Path
) -> None:
    """With kubernetes.core's environment variable for the cluster, as for its own modules."""
    workloads.create("telemetry-upload", 2)
    where = {"K8S_AUTH_KUBECONFIG": str(workloads.plane.kubeconfig)}
    arguments = f"name=telemetry-upload namespace={workloads.namespace}"
    command = ("localhost", "-m", "detnet.qos.bandwidth", "-a", f"{arguments} state=present rate=20M", "--diff")
    printed = collection.command("ansible", *command, cwd=tmp_path, **where)
    assert "localhost | CHANGED" in printed
    assert f"+  {EGRESS}: 10M" in printed
    printed = collection.command(
        "ansible", "localhost", "-m", "detnet.qos.bandwidth_info", "-a", arguments, cwd=tmp_path, **where
    )
    assert "localhost | SUCCESS" in printed
    assert '"allowed": "20M"' in printed

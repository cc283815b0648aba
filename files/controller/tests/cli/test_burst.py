"""``detnet config check --capacity`` says which objectives the bursts of best effort break."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from detnet import cli
from detnet.model.errors import UserError

CONFIG = """
objectives:
  - {workload: robot-control, jitter: 2ms, latency: 10ms}
  - {workload: vision, latency: 20ms}
  - {workload: logs, loss: 1%}
"""
CLUSTER = "actuator: {kind: kubernetes}\n"


def check(tmp_path: Path, text: str, *options: str) -> Result:
    """Return the outcome for a configuration."""
    (tmp_path / "detnet.yaml").write_text(text)
    argv = ["config", "check", "-c", str(tmp_path / "detnet.yaml"), *options]
    return CliRunner().invoke(cli.group, argv, catch_exceptions=False)


def test_an_objective_that_a_burst_breaks_is_told_with_the_cure(tmp_path: Path) -> None:
    """Only that one: 5.2 ms fit into 20 ms, and loss is no delay."""
    result = check(tmp_path, CONFIG + CLUSTER, "--capacity", "100M")
    told = [line for line in result.stderr.splitlines() if "64 KB" in line]
    assert "\n".join(told) == (
        "warning: 64 KB at 100 Mbit/s are 5.2 ms; the objective of robot-control is 2 ms: no cap above 8.08 Mbit/s can "
        "hold it; cure: net.ipv4.tcp_tso_rtt_log=0 in the best-effort pods (docs/operate/burst.md)"
    )
    assert result.exit_code == 0


@pytest.mark.parametrize(
    ("text", "options"),
    [(CONFIG + CLUSTER, ()), (CONFIG + CLUSTER, ("--capacity", "1G")), (CONFIG, ("--capacity", "100M"))],
)
def test_nothing_is_told_where_nothing_breaks(tmp_path: Path, text: str, options: tuple[str, ...]) -> None:
    """Without a capacity, on a fast link, and under an actuator that splits packets."""
    assert "64 KB" not in check(tmp_path, text, *options).stderr


def test_a_capacity_that_is_no_rate_is_refused(tmp_path: Path) -> None:
    """Under any actuator."""
    with pytest.raises(UserError, match=r"--capacity: '10m' is less than one bit/s"):
        check(tmp_path, CONFIG, "--capacity", "10m")

"""What the module asks for before it looks at a cluster."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
from ansible.module_utils.testing import patch_module_args
from ansible_collections.detnet.qos.plugins.modules import bandwidth

WORKLOAD = {"namespace": "robot-factory", "name": "upload"}


def message(arguments: dict[str, Any], capsys: pytest.CaptureFixture[str]) -> str:
    """Return what the module fails with."""
    with patch_module_args(arguments), pytest.raises(SystemExit):
        bandwidth.main()
    result = json.loads(capsys.readouterr().out)
    assert result["failed"] is True
    return str(result["msg"])


def test_a_missing_library_is_named(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """With the Python that lacks it, in Ansible's words."""
    monkeypatch.setitem(sys.modules, "yaml", None)
    kubeconfig = tmp_path / "config"
    kubeconfig.touch()
    told = message({**WORKLOAD, "rate": "20M", "kubeconfig": str(kubeconfig)}, capsys)
    assert told.startswith("Failed to import the required Python library (PyYAML)")


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ({"namespace": "robot-factory"}, "one of the following is required: name, label_selector"),
        ({**WORKLOAD, "label_selector": "a=b"}, "parameters are mutually exclusive: name|label_selector"),
        (WORKLOAD, "state is present but all of the following are missing: rate"),
        ({**WORKLOAD, "state": "decided"}, "state is decided but all of the following are missing: objectives"),
        (
            {**WORKLOAD, "state": "decided", "objectives": [{"workload": "control"}]},
            "state is decided but any of the following are missing: measured, probe_url, prometheus_url",
        ),
        ({**WORKLOAD, "state": "absent", "rate": "20M"}, "rate belongs to state=present"),
        ({**WORKLOAD, "kind": "Job", "rate": "20M"}, "value of kind must be one of: Deployment, StatefulSet"),
    ],
)
def test_arguments_that_do_not_fit_together_are_refused_before_a_cluster_is_asked(
    arguments: dict[str, Any], told: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """In Ansible's own words, or ours where it has none."""
    assert told in message(arguments, capsys)

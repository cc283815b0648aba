"""Which nodes can run a pod, and what keeps it off the others."""

from __future__ import annotations

from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.nodes import obstacles

TAINT = {"key": "node-role.kubernetes.io/control-plane", "effect": "NoSchedule"}
GPU = {"key": "nvidia.com/gpu", "value": "present", "effect": "NoExecute"}


def node(*, ready: str = "True", labels: Any = None, **spec: Any) -> dict[str, Any]:
    """A node as the API has it."""
    return {
        "metadata": {"name": "n", "labels": {"kubernetes.io/hostname": "n", **(labels or {})}},
        "spec": spec,
        "status": {"conditions": [{"type": "MemoryPressure", "status": "False"}, {"type": "Ready", "status": ready}]},
    }


@pytest.mark.parametrize(
    ("one", "said"),
    [
        (node(), ""),
        (node(taints=None), ""),
        (node(taints=[{"key": "a", "effect": "PreferNoSchedule"}]), ""),
        (node(taints=[TAINT]), "tainted node-role.kubernetes.io/control-plane:NoSchedule"),
        (node(taints=[GPU]), "tainted nvidia.com/gpu=present:NoExecute"),
        (node(ready="False"), "not ready"),
        (node(ready="Unknown"), "not ready"),
        (
            node(unschedulable=True, taints=[{"key": "node.kubernetes.io/unschedulable", "effect": "NoSchedule"}]),
            "cordoned",
        ),
        (node(unschedulable=False), ""),
        (node(labels={"kubernetes.io/os": "windows"}), "runs windows"),
        (node(labels={"type": "virtual-kubelet"}), "virtual"),
        (node(labels={"eks.amazonaws.com/compute-type": "fargate"}), "virtual"),
        ({**node(), "status": {}}, "not ready"),
    ],
)
def test_what_keeps_a_pod_off_is_said(one: dict[str, Any], said: str) -> None:
    """In a few words; nothing for a node that takes it."""
    assert obstacles([one]) == {"n": said}


@pytest.mark.parametrize(
    ("toleration", "taint", "tolerated"),
    [
        ({"key": TAINT["key"], "operator": "Exists"}, TAINT, "yes"),
        ({"key": TAINT["key"], "operator": "Exists", "effect": "NoExecute"}, TAINT, "no"),
        ({"operator": "Exists"}, GPU, "yes"),
        ({"key": "nvidia.com/gpu", "value": "present"}, GPU, "yes"),
        ({"key": "nvidia.com/gpu", "value": "absent", "operator": "Equal"}, GPU, "no"),
        ({"key": "nvidia.com/gpu"}, GPU, "no"),
        ({"key": "other", "operator": "Exists"}, GPU, "no"),
        ({"value": "present"}, GPU, "no"),
    ],
)
def test_tolerations_count_as_for_the_scheduler(
    toleration: dict[str, Any], taint: dict[str, Any], tolerated: str
) -> None:
    """By key, operator, value and effect."""
    assert (obstacles([node(taints=[taint])], [toleration]) == {"n": ""}) == (tolerated == "yes")


def test_a_node_without_the_label_is_left_out() -> None:
    """No pod can be sent there by it."""
    assert obstacles([{"metadata": {"name": "n"}, "spec": {}, "status": {}}]) == {}

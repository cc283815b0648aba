"""What is told of the pods' caps, on the real API server."""

from __future__ import annotations

from typing import Any

from modules.running import Module
from modules.workloads import EGRESS, PRIOR, Workloads


def by_name(result: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the workloads by the last part of their names."""
    return {workload["name"].split("/")[-1]: workload for workload in result["workloads"]}


def test_caps_classes_and_what_was_before_are_told(
    bandwidth: Module, bandwidth_info: Module, workloads: Workloads
) -> None:
    """Without a name every workload that states its class is told of, and nothing is written."""
    workloads.create("upload", 2)
    workloads.create("control", 1, role="critical")
    workloads.create("unknown", 1, role=None)
    workloads.annotate(workloads.running("upload")[0]["metadata"]["name"], {EGRESS: "70M"})
    bandwidth(name="upload", rate="20M")
    versions = [pod["metadata"]["resourceVersion"] for pod in workloads.running("upload")]
    seen = by_name(bandwidth_info())
    assert {name: (one["class"], one["allowed"]) for name, one in seen.items()} == {
        "control": ("critical", None),
        "upload": ("best-effort", "20M"),
    }
    pods = seen["upload"]["pods"]
    assert [(pod["cap"], pod["ours"], pod["prior"], pod["drift"]) for pod in pods] == [
        ("10M", True, "70M", None),
        ("10M", True, None, None),
    ]
    assert [pod["metadata"]["resourceVersion"] for pod in workloads.running("upload")] == versions


def test_what_means_unlimited_is_warned_of(bandwidth: Module, bandwidth_info: Module, workloads: Workloads) -> None:
    """A value that the CNI cannot read, a cap that was taken away, a pod that came later, and one that differs."""
    nodes = {"nodeName": "node-1"}
    workloads.create("upload", 4, spec=nodes)
    names = [pod["metadata"]["name"] for pod in workloads.running("upload")]
    bandwidth(name="upload", rate="40M")
    workloads.annotate(names[0], {EGRESS: "10m"})
    workloads.annotate(names[1], {EGRESS: None})
    workloads.annotate(names[2], {EGRESS: "99M"})
    workloads.annotate(names[3], {EGRESS: None, PRIOR: None})
    result = bandwidth_info(name="upload")
    drift = [pod["drift"] for pod in by_name(result)["upload"]["pods"]]
    assert drift[0].startswith("without limit: the annotation cannot be read ('10m' is less than one bit/s per digit")
    assert drift[1] == "without limit: somebody took the cap away"
    assert drift[2] is None  # alone with a cap that can be read, it is the usual one
    assert drift[3] == "without limit, though other pods have a cap of ours"
    assert len(result["warnings"]) == 3


def test_a_cap_that_differs_from_its_neighbours_is_told(
    bandwidth: Module, bandwidth_info: Module, workloads: Workloads
) -> None:
    """On one node all pods of a workload have the same; another node's may be another."""
    workloads.create("upload", 3, spec={"nodeName": "node-1"})
    bandwidth(name="upload", rate="30M")
    name = workloads.running("upload")[0]["metadata"]["name"]
    workloads.annotate(name, {EGRESS: "99M"})
    pods = by_name(bandwidth_info(name="upload"))["upload"]["pods"]
    assert [pod["drift"] for pod in pods] == ["99M, though the other pods on node-1 have 10M", None, None]


def test_bounds_and_status_of_the_workload_are_returned(bandwidth_info: Module, workloads: Workloads) -> None:
    """The annotations of the workload itself."""
    workloads.create("upload", 1)
    status = "at most 20 Mbit/s, throttled for robot-control, since 2026-01-01T12:00:00Z"
    annotations = {"qos.detnet.io/min": "5M", "qos.detnet.io/status": status}
    workloads.patch("Deployment", "upload", {"metadata": {"annotations": annotations}})
    seen = by_name(bandwidth_info(name="upload"))["upload"]
    assert (seen["settings"], seen["status"]) == ({"min": "5M"}, status)

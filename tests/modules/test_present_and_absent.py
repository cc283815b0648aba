"""An explicit rate on the real API server: divided, remembered, restored, and never where it must not be."""

from __future__ import annotations

import pytest

from modules.running import Module
from modules.workloads import EGRESS, PRIOR, Workloads


@pytest.mark.parametrize("kind", ["Deployment", "StatefulSet", "DaemonSet"])
def test_the_budget_is_divided_over_the_running_pods(bandwidth: Module, workloads: Workloads, kind: str) -> None:
    """The limit holds per pod, so three pods get a third each, whatever owns them."""
    workloads.create("upload", kind=kind)
    result = bandwidth(kind=kind, name="upload", rate="30M")
    assert result["changed"] is True
    assert workloads.carried("upload") == [{EGRESS: "10M", PRIOR: ""}] * 3


def test_per_pod_gives_each_the_whole_rate(bandwidth: Module, workloads: Workloads) -> None:
    """What the user asks for in so many words."""
    workloads.create("upload", 2)
    result = bandwidth(name="upload", rate="30M", per_pod=True)
    assert result["caps"] == {f"{workloads.namespace}/deployment/upload": "60M"}
    assert [one[EGRESS] for one in workloads.carried("upload")] == ["30M", "30M"]


def test_release_restores_what_each_pod_had(bandwidth: Module, workloads: Workloads) -> None:
    """A cap of somebody else's comes back as it was written; where there was none, none is left."""
    workloads.create("upload", 2)
    first, second = (pod["metadata"]["name"] for pod in workloads.running("upload"))
    workloads.annotate(first, {EGRESS: "100000k", "owner/note": "kept"})
    bandwidth(name="upload", rate="20M")
    bandwidth(name="upload", rate="30M")
    result = bandwidth(name="upload", state="absent")
    assert workloads.carried("upload") == [{EGRESS: "100000k", "owner/note": "kept"}, {}]
    assert [(pod["name"], pod["after"]) for pod in result["pods"]] == [(first, "100000k"), (second, None)]


def test_a_critical_pod_is_never_capped(bandwidth: Module, workloads: Workloads) -> None:
    """Neither by its own label nor by its workload's, and the message says so."""
    workloads.create("control", 1, role="critical")
    workloads.create("mixed", 1, labels={"qos.detnet.io/class": "critical"})
    for name in ("control", "mixed"):
        result = bandwidth(name=name, rate="20M")
        assert "critical: never capped" in result["msg"]
        assert workloads.carried(name) == [{}]


def test_a_pod_on_the_nodes_own_network_is_told_and_not_counted(bandwidth: Module, workloads: Workloads) -> None:
    """Nothing would enforce a cap there, so it takes no share."""
    workloads.create("upload", 2)
    workloads.create("raw", 1, spec={"hostNetwork": True})
    result = bandwidth(label_selector="qos.detnet.io/class=best-effort", rate="20M")
    assert [one["reason"] for one in result["skipped"]] == ["hostNetwork: no cap is enforced on the node's own network"]
    assert [one[EGRESS] for one in workloads.carried("upload")] == ["10M", "10M"]
    assert workloads.carried("raw") == [{}]


def test_labels_choose_several_workloads_with_a_budget_each(bandwidth: Module, workloads: Workloads) -> None:
    """And release lets go of all of them at once."""
    workloads.create("upload", 2)
    workloads.create("logs", 1)
    labels = {"label_selector": "qos.detnet.io/class=best-effort"}
    bandwidth(**labels, rate="20M")
    assert [one[EGRESS] for one in workloads.carried("upload") + workloads.carried("logs")] == ["10M", "10M", "20M"]
    bandwidth(**labels, state="absent")
    assert workloads.carried("upload") + workloads.carried("logs") == [{}] * 3


def test_a_bare_pod_is_a_workload(bandwidth: Module, workloads: Workloads) -> None:
    """And a pod that belongs to a workload is not."""
    workloads.pod("probe", labels={})
    workloads.create("upload", 1)
    bandwidth(kind="Pod", name="probe", rate="5M")
    assert workloads.carried("probe") == [{EGRESS: "5M", PRIOR: ""}]
    owned = workloads.running("upload")[0]["metadata"]["name"]
    result = bandwidth(kind="Pod", name=owned, rate="5M")
    assert f"belongs to Deployment {workloads.namespace}/upload: cap that" in result["msg"]

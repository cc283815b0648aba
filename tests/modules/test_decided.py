"""``state: decided`` on the real API server: from given figures, from the real probe and from a real Prometheus."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from modules.running import Module
from modules.workloads import EGRESS, PRIOR, Workloads
from probe.running import Running, probing, reflecting
from sources.prometheus_server import running_prometheus
from support import wait_for

OBJECTIVES = [{"workload": "control", "latency": "10ms"}]


def decided(**more: object) -> dict[str, Any]:
    """Return the options of a decision about one critical workload, by the simplest policy."""
    return {"name": "upload", "state": "decided", "policy": "aimd", "objectives": OBJECTIVES, **more}


def measured(latency: str) -> dict[str, Any]:
    """Return the options of a decision on a given figure."""
    return decided(measured={"control": {"latency": latency}})


def samples_of(probe: Running) -> list[tuple[float, float | None]]:
    """Return what the probe remembers of its path, oldest first."""
    return list(map(tuple, probe.samples()["paths"]["control"]["samples"]))


def test_a_breach_cuts_what_is_in_force(bandwidth: Module, workloads: Workloads) -> None:
    """From the caps on the pods, by the policy, divided again; what was there before us stays remembered."""
    workloads.create("upload", 2)
    bandwidth(name="upload", rate="100M")
    result = bandwidth(**measured("14ms"))
    decision = result["decision"]
    assert (decision["action"], decision["mode"], decision["budget_before"]) == ("cut", "breach", "100M")
    assert decision["budget"] == "80M"
    assert decision["findings"] == [{"verdict": "breached", "finding": "control latency 14 ms against 10 ms"}]
    assert workloads.carried("upload") == [{EGRESS: "40M", PRIOR: ""}] * 2


def test_what_is_only_asked_for_is_not_done(bandwidth: Module, workloads: Workloads) -> None:
    """``apply: false`` returns the decision and the caps it would lead to."""
    workloads.create("upload", 2)
    result = bandwidth(**measured("14ms"), apply=False)
    assert (result["changed"], result["decision"]["action"]) == (False, "cut")
    assert list(result["caps"]) == [f"{workloads.namespace}/deployment/upload"]
    assert workloads.carried("upload") == [{}, {}]


def test_figures_that_allow_no_move_change_nothing(bandwidth: Module, workloads: Workloads) -> None:
    """Between the dead band and the limit the policy stands still, the first time and the second."""
    workloads.create("upload", 2)
    bandwidth(name="upload", rate="100M")
    for _time in range(2):
        result = bandwidth(**measured("8ms"))
        assert (result["changed"], result["decision"]["action"]) == (False, "hold")


def test_met_objectives_give_one_step_back(bandwidth: Module, workloads: Workloads) -> None:
    """One shot has no past that growth would have to wait for."""
    workloads.create("upload", 2)
    bandwidth(name="upload", rate="100M")
    assert bandwidth(**measured("1ms"))["decision"]["budget"] == "110M"


def test_the_workloads_own_wishes_are_heard(bandwidth: Module, workloads: Workloads) -> None:
    """Its largest cap by annotation, and its pause."""
    workloads.create("upload", 2)
    wishes = {"qos.detnet.io/max": "50M", "qos.detnet.io/weight": "heavy"}
    workloads.patch("Deployment", "upload", {"metadata": {"annotations": wishes}})
    result = bandwidth(**measured("8ms"))
    assert result["decision"]["budget_before"] == "50M"
    assert "qos.detnet.io/weight is 'heavy'" in result["warnings"][0]
    workloads.patch("Deployment", "upload", {"metadata": {"annotations": {"qos.detnet.io/pause": "true"}}})
    assert "paused by the annotation" in bandwidth(**measured("14ms"))["msg"]


def proven(bandwidth: Module, asked: dict[str, Any]) -> dict[str, Any]:
    """Return the first decision on evidence: a probe that sends late, on a busy machine, proves nothing meanwhile."""
    decision: dict[str, Any] = {}

    def decided_on_evidence() -> bool:
        decision.update(bandwidth(**asked).get("decision", {"mode": "blind"}))
        return decision["mode"] not in {"unresolved", "blind"}

    wait_for(decided_on_evidence, what="proof", within_s=60.0)
    return decision


def test_the_real_probe_is_asked(bandwidth: Module, workloads: Workloads) -> None:
    """A path that answers is met; one that has stopped answering is a breach, and is cut."""
    workloads.create("upload", 1)
    with (
        reflecting("--udp=127.0.0.1:0") as reflector,
        probing(f"control=udp://{reflector.endpoints[0]}?rate_hz=50") as probe,
    ):
        objectives = [{"workload": "control", "loss": "50%"}]
        asked = decided(objectives=objectives, probe_url=f"http://{probe.endpoints[-1]}", apply=False)
        wait_for(lambda: len(samples_of(probe)) >= 100, what="two seconds of samples")
        # A machine that sends its probes late proves nothing for as long.
        assert proven(bandwidth, asked)["findings"][0]["verdict"] == "met"
        reflector.stop()
        wait_for(
            lambda: all(rtt is None for _age, rtt in samples_of(probe)[-60:]),
            what="more than a second of lost probes",
        )
        decision = proven(bandwidth, asked)
    assert (decision["action"], decision["mode"]) == ("cut", "breach")


@pytest.mark.needs("prometheus")
def test_a_real_prometheus_is_asked(bandwidth: Module, workloads: Workloads, tmp_path: Path) -> None:
    """The user's own expression, once it is known how fresh the series behind it is."""
    workloads.create("upload", 1)
    own = {"measured_by": "asked_total", "latency": {"expression": "latency_seconds", "unit": "s"}}
    objectives = [{"workload": "control", "latency": "10ms", "promql": own}]
    with running_prometheus(tmp_path) as prometheus:
        exporter = prometheus.exporter
        exporter.page = lambda: f"latency_seconds 0.025\nasked_total {exporter.count}\n"
        asked = decided(objectives=objectives, prometheus_url=prometheus.url, scrape_interval="200ms", apply=False)
        seen = exporter.count
        wait_for(lambda: exporter.count >= seen + 8, what="eight scrapes")
        decision = bandwidth(**asked)["decision"]
        assert decision["findings"] == [{"verdict": "breached", "finding": "control latency 25 ms against 10 ms"}]
        exporter.page = lambda: "latency_seconds 0.001\nasked_total 1\n"
        seen = exporter.count
        wait_for(lambda: exporter.count >= seen + 8, what="eight scrapes without anything new")
        assert "nothing new in asked_total" in bandwidth(**asked)["msg"]

"""What was tried becomes an answer: an upload against its pod's cap, and the caps while noise congests the path."""

from __future__ import annotations

import json
from typing import Any

import pytest
from ansible_collections.detnet.qos.plugins.plugin_utils.answers import NotMeasuredError
from ansible_collections.detnet.qos.plugins.plugin_utils.trials import caps_fall, course, keeps_to_its_cap


def workload(name: str, allowed: str | None, *pods: dict[str, Any], kind: str = "best-effort") -> dict[str, Any]:
    """A Deployment as bandwidth_info tells of it."""
    return {"name": f"factory/deployment/{name}", "class": kind, "allowed": allowed, "pods": list(pods)}


def pod(cap: str | None, *, drift: str | None = None, phase: str = "Running") -> dict[str, Any]:
    """Its pod."""
    return {"name": "up-1", "phase": phase, "cap": cap, "drift": drift}


def upload(mbps: float, before: dict[str, Any], after: dict[str, Any] | None = None) -> dict[str, Any]:
    """An upload from the pod, with its cap before and after."""
    told = [{"workloads": [workload("up", None, each)]} for each in (before, after or before)]
    report = {"end": {"sum_received": {"bits_per_second": mbps * 1e6}}}
    return {
        "workload": "up",
        "pod": "up-1",
        "before": told[0],
        "after": told[1],
        "iperf3": {"stdout": json.dumps(report)},
        "tolerance_percent": 10,
    }


@pytest.mark.parametrize(
    ("run", "answer"),
    [
        (upload(21.9, pod("20M")), ("21.9 Mbit/s from up-1 with a cap of 20M", True)),
        (upload(22.1, pod("20M")), ("22.1 Mbit/s from up-1 with a cap of 20M", False)),
        (upload(32, pod("20M"), pod("30M")), ("32 Mbit/s from up-1 with a cap of 20M, then 30M", True)),
        (upload(32, pod("30M"), pod("20M")), ("32 Mbit/s from up-1 with a cap of 30M, then 20M", True)),
        (upload(5, pod("10m", drift="without limit")), ("5 Mbit/s from up-1: without limit", False)),
    ],
)
def test_an_upload_may_not_exceed_the_cap_by_more_than_the_tolerance(
    run: dict[str, Any], answer: tuple[str, bool]
) -> None:
    """Where the cap changes meanwhile the looser one counts; a cap that means no limit is a fault at any rate."""
    assert keeps_to_its_cap({"upload": run}) == answer


@pytest.mark.parametrize(
    ("changed", "why"),
    [
        (
            {"before": {"msg": "there is no deployment factory/up", "failed": False}},
            "there is no deployment factory/up",
        ),
        ({"pod": "", "before": {"workloads": [workload("up", None)]}}, "no pod of up is running"),
        ({"iperf3": {"stdout": '{"error": "unable to connect"}', "rc": 1}}, "iperf3 in up-1: unable to connect"),
        (
            {"iperf3": {"stdout": "", "stderr": "sh: iperf3: not found", "rc": 127}},
            "did not report: sh: iperf3: not found",
        ),
        ({"iperf3": {"msg": "Failed to execute on pod up-1"}}, "Failed to execute on pod up-1"),
        ({"after": {"failed": False, "msg": "the API server is away"}}, "the API server is away"),
        ({"after": {"workloads": [workload("up", None, pod(None))]}}, "up-1 has no cap to keep to; it sent 9 Mbit/s"),
    ],
)
def test_what_could_not_be_tried_is_not_measured(changed: dict[str, Any], why: str) -> None:
    """With the reason that the cluster, the pod or iperf3 gave."""
    with pytest.raises(NotMeasuredError, match=why):
        keeps_to_its_cap({"upload": upload(9, pod("20M")) | changed})


def page(cuts: int, breached_s: float) -> list[dict[str, str]]:
    """A controller's metrics."""
    return [
        {
            "stdout": 'detnet_build_info{version="0"} 1\n'
            f'detnet_violation_seconds_total{{workload="robot"}} {breached_s}\n'
            f'detnet_decisions_total{{action="cut"}} {cuts}\ndetnet_decisions_total{{action="hold"}} 9\n'
        }
    ]


def congestion(*allowed: str | None, cuts: int = 2, breached_s: float = 1.5) -> dict[str, Any]:
    """Noise of which the workload's caps are known every four seconds; the noise itself begins without one."""
    looks = [{"at_s": 4 * n, "seen": {"workloads": [workload("up", one, pod(one))]}} for n, one in enumerate(allowed)]
    looks[-1]["seen"]["workloads"].append(workload("noise", None, pod(None)))
    return {"before": page(3, 10), "after": page(3 + cuts, 10 + breached_s), "course": looks, "allowed_s": "10"}


def test_caps_that_fall_by_a_cut_are_told_with_their_least_value() -> None:
    """From what was allowed before the noise, which may have been everything."""
    assert caps_fall({"congestion": congestion("90M", "20M", "15M", "40M")}) == (
        "up 90 Mbit/s to 15 Mbit/s after 8 s",
        True,
    )
    assert caps_fall({"congestion": congestion(None, "20M")}) == ("up no limit to 20 Mbit/s after 4 s", True)


def test_a_breach_without_a_lower_cap_is_a_fault() -> None:
    """Whether nothing was cut, or a cut reached nobody."""
    assert caps_fall({"congestion": congestion("20M", "20M")}) == ("2 cuts, and no cap is lower than before", False)
    assert not caps_fall({"congestion": congestion("20M", "15M", cuts=0)})[1]


def test_noise_that_breaches_nothing_proves_nothing() -> None:
    """A path that is wide enough needs no cut."""
    with pytest.raises(NotMeasuredError, match="the noise breached no objective"):
        caps_fall({"congestion": congestion("20M", "20M", cuts=0, breached_s=0)})


def test_the_course_has_a_column_for_each_workload_of_best_effort_that_runs() -> None:
    """And a line for each look."""
    looks = congestion("90M", "20M")["course"]
    looks[0]["seen"]["workloads"] += [workload("robot", None, pod(None), kind="critical"), workload("off", None)]
    assert course(looks).splitlines() == [
        "AFTER  NOISE     UP",
        "0 s    -         90 Mbit/s",
        "4 s    no limit  20 Mbit/s",
    ]
    assert course([{"at_s": 0, "seen": {"workloads": []}}]) == "no best-effort workload runs"


def test_a_look_that_saw_nothing_says_why() -> None:
    """The table keeps the others, and the answer is not made of half of them."""
    run = congestion("90M", "20M")
    run["course"].append({"at_s": 8, "seen": {"failed": False, "msg": "the API server\nrefuses to list pods"}})
    assert course(run["course"]).splitlines()[-1] == "not seen after 8 s: the API server refuses to list pods"
    with pytest.raises(NotMeasuredError, match="the API server refuses to list pods"):
        caps_fall({"congestion": run})

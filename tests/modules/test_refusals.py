"""What cannot be done is told in one sentence, before anything is written."""

from __future__ import annotations

import itertools
import socket
from pathlib import Path
from typing import Any

import pytest

from modules.running import Collection, Module
from modules.workloads import Workloads

DECIDED: dict[str, Any] = {"state": "decided", "objectives": [{"workload": "control", "latency": "10ms"}]}
BREACH: dict[str, Any] = {**DECIDED, "measured": {"control": {"latency": "14ms"}}}


def refused(result: dict[str, Any]) -> str:
    """Return the message of a run that has failed as it should: by a sentence, not by a traceback."""
    assert result["failed"] is True
    assert "exception" not in result
    return str(result["msg"])


def test_a_name_that_is_nearly_right_is_answered_with_the_right_one(bandwidth: Module, workloads: Workloads) -> None:
    """And where nothing is near, with what there is."""
    assert "has no Deployment, or does not exist" in refused(bandwidth(name="upload", rate="20M"))
    workloads.create("telemetry-upload", 1)
    told = f"there is no Deployment {workloads.namespace}/telemetry-uplod; did you mean telemetry-upload?"
    assert refused(bandwidth(name="telemetry-uplod", rate="20M")) == told
    assert "the namespace has telemetry-upload" in refused(bandwidth(name="x", rate="20M"))
    assert "correct label_selector" in refused(bandwidth(label_selector="a=b", rate="20M"))


@pytest.mark.parametrize(
    ("wrong", "told"),
    [
        ({"rate": "10m"}, "rate: '10m' is less than one bit/s per digit"),
        ({"rate": "fast"}, "rate: 'fast' is not a Kubernetes quantity"),
        ({"rate": "500k"}, "rate: a cap lies between 1M and 10T bit/s"),
        ({"rate": "2M"}, "the least cap of 1M each: give at least 3M"),
        ({"rate": "20M", "sending": "20M"}, "sending belongs to state=decided and says nothing with state=present"),
        ({**BREACH, "min": "50M", "max": "10M"}, "min: 50M is above max, 10M"),
        ({**BREACH, "safe": "5M"}, "safe: 5M lies outside the range of the budget, 10M to 1G"),
        ({**BREACH, "measured": {"other": {"latency": "1ms"}}}, "measured: there is no objective of other"),
        ({**BREACH, "measured": {}}, "measured: nothing is given for control"),
        ({**BREACH, "measured": {"control": {"latency": 14}}}, "measured: control: latency: 14 has no unit"),
        ({**BREACH, "measured": {"control": {"rtt": "1ms"}}}, "measured: control: expected latency, jitter or loss"),
        ({**BREACH, "objectives": [{"workload": "control"}]}, "the objective of control has no limit"),
        ({**BREACH, "policy_parameters": {"increase": "20M"}}, "increase is no parameter of the policy learned"),
        ({**DECIDED, "probe_url": "http://127.0.0.1:9"}, "refused the connection"),
        ({**DECIDED, "prometheus_url": "nowhere"}, "is not an address of the form http://host:port"),
    ],
)
def test_a_wrong_value_is_told_with_the_option(
    bandwidth: Module, workloads: Workloads, wrong: dict[str, Any], told: str
) -> None:
    """The message names what was read and what was expected, and no pod is touched."""
    workloads.create("upload", 3)
    assert told in refused(bandwidth(name="upload", **wrong))
    assert workloads.carried("upload") == [{}] * 3


def test_a_workload_without_a_running_pod_is_told(bandwidth: Module, workloads: Workloads) -> None:
    """A cap that nothing carries would be a false promise."""
    workloads.create("upload", 0)
    told = f"Deployment {workloads.namespace}/upload: no running pod can be capped (it has no pods)"
    assert refused(bandwidth(name="upload", rate="20M")) == told


@pytest.mark.parametrize("mode", [{}, {"check": True}], ids=["real", "check"])
def test_a_missing_right_is_told_with_its_verb_and_resource(
    collection: Collection, workloads: Workloads, mode: dict[str, bool]
) -> None:
    """In check mode too: the dry run asks the real authorizer."""
    workloads.create("upload", 1)
    workloads.allow("reader", {"": {"pods": ["list"]}, "apps": {"deployments": ["get"]}})
    place = {"namespace": workloads.namespace, "kubeconfig": str(workloads.kubeconfig_of("reader"))}
    message = refused(collection.module("bandwidth", name="upload", rate="20M", **mode, **place))
    assert f"not allowed to patch pods in namespace {workloads.namespace}: add that to the Role" in message
    message = refused(collection.module("bandwidth", kind="DaemonSet", name="x", rate="20M", **mode, **place))
    assert f"not allowed to get daemonsets in namespace {workloads.namespace}" in message
    assert workloads.carried("upload") == [{}]


def test_a_server_that_is_not_there_is_told(bandwidth: Module, tmp_path: Path) -> None:
    """A port that refuses, and a configuration that does not exist."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    closed = {"kubeconfig": None, "host": f"https://127.0.0.1:{port}", "api_key": "token"}
    assert f":{port} refused the connection: start it" in refused(bandwidth(name="upload", rate="20M", **closed))
    missing = bandwidth(name="upload", rate="20M", kubeconfig=str(tmp_path / "missing"))
    assert refused(missing) == f"there is no kubeconfig at {tmp_path}/missing"


def test_a_busy_server_is_asked_again_when_it_said(bandwidth: Module, workloads: Workloads) -> None:
    """As it is for the first moments of a new custom resource; one that asks for minutes is told to the user."""
    workloads.create("upload", 1)
    with workloads.plane.proxy() as proxy:
        first = itertools.count()
        proxy.answer(429, 1, match=lambda method, _path: method == "PATCH" and next(first) == 0)
        assert bandwidth(name="upload", rate="20M", kubeconfig=str(proxy.kubeconfig))["changed"] is True
        assert next(first) >= 2
        proxy.answer(503, 600, match=lambda method, _path: method == "PATCH")
        message = refused(bandwidth(name="upload", rate="30M", kubeconfig=str(proxy.kubeconfig)))
    assert "the API server refuses to patch" in message


def test_a_server_that_never_answers_does_not_hold_the_task(bandwidth: Module, workloads: Workloads) -> None:
    """Every request has an end of its own."""
    with workloads.plane.proxy() as proxy:
        proxy.hang()
        message = refused(bandwidth(name="upload", rate="20M", kubeconfig=str(proxy.kubeconfig)))
    assert "did not answer within 5 s" in message


def test_credentials_that_are_not_accepted_are_told(bandwidth: Module, workloads: Workloads) -> None:
    """Not as a missing right."""
    plane = workloads.plane
    wrong = {"kubeconfig": None, "host": plane.url, "ca_cert": str(plane.ca_file), "api_key": "wrong"}
    assert "does not accept these credentials" in refused(bandwidth(name="upload", rate="20M", **wrong))

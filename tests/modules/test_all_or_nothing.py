"""A write that fails half-way, and what other people do meanwhile, on the real API server behind a faulty line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from modules.running import Module
from modules.workloads import EGRESS, PRIOR, Workloads

FOREIGN = {EGRESS: "100M"}


@pytest.fixture
def behind(bandwidth: Module, workloads: Workloads) -> Callable[[Callable[[int, str], bool]], dict[str, Any]]:
    """Cap three pods at 10M each, while the line answers 500 to every PATCH that ``fails(number, path)``."""
    workloads.create("upload", 3)
    workloads.annotate(workloads.running("upload")[0]["metadata"]["name"], FOREIGN)

    def run(fails: Callable[[int, str], bool]) -> dict[str, Any]:
        patches = iter(range(1, 100))
        with workloads.plane.proxy() as proxy:
            proxy.answer(500, match=lambda method, path: method == "PATCH" and fails(next(patches), path))
            return bandwidth(name="upload", rate="30M", kubeconfig=str(proxy.kubeconfig))

    return run


def test_what_was_written_is_put_back(behind: Module, workloads: Workloads) -> None:
    """The third pod fails; the first two are as they were before."""
    result = behind(lambda number, _path: number == 3)
    assert result["failed"] is True
    assert "the 2 pods written before it were put back" in result["msg"]
    assert workloads.carried("upload") == [FOREIGN, {}, {}]


def test_what_could_not_be_put_back_is_told_pod_by_pod(behind: Module, workloads: Workloads) -> None:
    """Then the message is all there is, so it says what each carries."""
    result = behind(lambda number, _path: number >= 3)
    first, second, _third = (pod["metadata"]["name"] for pod in workloads.running("upload"))
    assert "these pods were written and could not be put back" in result["msg"]
    for name in (first, second):
        assert f"{workloads.namespace}/{name}: {{'{EGRESS}': '10M'" in result["msg"]
    assert [one.get(EGRESS) for one in workloads.carried("upload")] == ["10M", "10M", None]


def test_a_pod_that_is_deleted_meanwhile_is_no_failure(behind: Module, workloads: Workloads) -> None:
    """It needs no cap any more; the others get theirs."""
    victim = workloads.running("upload")[1]["metadata"]["name"]

    def deletes_it_first(_number: int, path: str) -> bool:
        if victim in path:
            workloads.plane.request("DELETE", f"{workloads.pods}/{victim}", {"gracePeriodSeconds": 0})
        return False

    result = behind(deletes_it_first)
    assert [(one["name"], one["reason"]) for one in result["skipped"]] == [(victim, "deleted meanwhile")]
    assert [pod["after"] for pod in result["pods"]] == ["10M", "10M"]


def test_a_cap_that_somebody_sets_meanwhile_is_what_is_remembered(behind: Module, workloads: Workloads) -> None:
    """The first write of a pod is made for the version that was read; a newer one is read again."""
    second = workloads.running("upload")[1]["metadata"]["name"]
    written: list[str] = []

    def somebody_is_first(_number: int, path: str) -> bool:
        if second in path and not written:
            written.append(path)
            workloads.annotate(second, {EGRESS: "70M"})
        return False

    result = behind(somebody_is_first)
    assert result["failed"] is False
    assert workloads.carried("upload")[1] == {EGRESS: "10M", PRIOR: "70M"}

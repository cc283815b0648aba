"""The twelve-step cycle: create, modify, delete, in check mode and for real, each twice, by ansible-playbook."""

from __future__ import annotations

import itertools
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import yaml

from modules.running import Collection
from modules.workloads import EGRESS, PRIOR, Workloads
from support import wait_for

FOREIGN = {EGRESS: "100000k"}
STEPS = ["check", "check again", "real", "real again"]

Carried = dict[str, dict[str, str]]


@contextmanager
def watching(workloads: Workloads) -> Iterator[list[Carried]]:
    """Collect what the pods carry after each write that the API server makes known, first as it is now."""
    listed = workloads.plane.request("GET", workloads.pods)
    now = {str(pod["metadata"]["name"]): dict(pod["metadata"].get("annotations", {})) for pod in listed["items"]}
    history = [dict(now)]
    query = {"resourceVersion": listed["metadata"]["resourceVersion"]}
    with workloads.plane.client.watch(workloads.pods, query) as watch:

        def follow() -> None:
            for event in watch:
                metadata = event["object"]["metadata"]
                now[metadata["name"]] = dict(metadata.get("annotations", {}))
                history.append(dict(now))

        thread = threading.Thread(target=follow)
        thread.start()
        yield history
        watch.close()
        thread.join()


def diff_of(answer: dict[str, Any], side: str) -> Carried:
    """Return one side of an answer's diff, by name of the pod."""
    return {key.split("/")[1]: carried for key, carried in yaml.safe_load(answer["diff"][side]).items()}


@pytest.mark.timeout(300)
def test_every_step_tells_the_truth_and_the_second_changes_nothing(
    collection: Collection, workloads: Workloads, tmp_path: Path
) -> None:
    """Check mode says what the real run then does and writes nothing; after the last step all is as it was at first."""
    workloads.create("upload", 3)
    first, *others = (pod["metadata"]["name"] for pod in workloads.running("upload"))
    workloads.annotate(first, FOREIGN)
    given = {
        "kubeconfig": str(workloads.plane.kubeconfig),
        "namespace_under_test": workloads.namespace,
        "report": str(tmp_path / "report.json"),
    }
    with watching(workloads) as history:
        playbook = Path(__file__).with_name("cycle.yml")
        collection.command("ansible-playbook", playbook, "--extra-vars", json.dumps(given), cwd=tmp_path)
        wait_for(lambda: len(history) >= 10, what="nine writes: three pods created, modified and released")
        answers = json.loads((tmp_path / "report.json").read_text())

    def capped(rate: str) -> Carried:
        return {first: {EGRESS: rate, PRIOR: FOREIGN[EGRESS]}} | {name: {EGRESS: rate, PRIOR: ""} for name in others}

    at_start: Carried = {first: FOREIGN} | {name: {} for name in others}
    stages = [at_start, capped("10M"), capped("20M"), at_start]
    assert history[::3] == stages
    assert len(history) == 10
    for (before, after), four in zip(
        itertools.pairwise(stages), (answers[at : at + 4] for at in range(0, 12, 4)), strict=True
    ):
        steps = dict(zip(STEPS, four, strict=True))
        changed = {name: answer["changed"] for name, answer in steps.items()}
        assert changed == {"check": True, "check again": True, "real": True, "real again": False}
        for name in ("check", "check again", "real"):
            assert (diff_of(steps[name], "before"), diff_of(steps[name], "after")) == (before, after)
            assert {pod["name"]: pod["after"] for pod in steps[name]["pods"]} == {
                pod: carried.get(EGRESS) for pod, carried in after.items()
            }
        assert (diff_of(steps["real again"], "before"), diff_of(steps["real again"], "after")) == ({}, {})

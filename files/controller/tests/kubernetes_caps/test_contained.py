"""An exception that nobody thought of, in each step of a pass, is one object's or one node's: the others are served."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from typing import Any

import pytest

from detnet.kubernetes.caps.domains import Critical
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.objects.faults import Faults
from detnet.kubernetes.objects.targets import Bounds
from detnet.kubernetes.objects.workloads import POD
from detnet.model.annotations import CLASS, EGRESS, PRIOR
from detnet.model.rate import Rate
from kubernetes_caps.whole_pass import WholePass, owned_by, pod, workload
from kubernetes_caps.worlds import M

PLAN = Plan(
    ("factory",),
    (Critical("robot", "factory", "robot"),),
    found=Bounds(Rate(2 * M), Rate(100 * M)),
    template_cap=Rate(M),
)
OBJECTS, CAPS = "detnet.kubernetes.objects", "detnet.kubernetes.caps"
# Of one object: what the function is about is in its arguments.
OF_AN_OBJECT = [
    (f"{CAPS}.cache", "pod_of", "pod"),
    (f"{CAPS}.cache", "workload_of", "workload"),
    (f"{OBJECTS}.targets", "_annotated", "workload"),
    (f"{OBJECTS}.targets", "is_named", "workload"),
    (f"{CAPS}.domains", "_claim", "workload"),
    (f"{CAPS}.planner", "on_pods", "workload"),
    (f"{CAPS}.planner", "_is_stale", "pod"),
]
# Of everything at once: what was known before is what counts.
OF_ALL = [
    (f"{CAPS}.topology", "find", "topology"),
    (f"{CAPS}.topology", "group", "topology"),
    (f"{CAPS}.domains", "_problems", "problems"),
    (f"{OBJECTS}.targets", "_mislabelled", "topology"),
]


def _world() -> WholePass:
    """A victim and a poisoned workload on each of two nodes, and one pass."""
    world = WholePass(PLAN)
    for name in ("victim", "poisoned"):
        world.put("Deployment", workload(name, labels={CLASS: "best-effort"}))
        for node in ("node-1", "node-2"):
            world.put(POD, _pod(f"{name}-abc-{node}", name, node))
    world.step()
    assert [world.annotations(f"{name}-abc-node-1").get(PRIOR) for name in ("victim", "poisoned")] == ["", ""]
    return world


def _pod(name: str, owner: str, node: str) -> dict[str, Any]:
    return pod(name, owned_by("apps/v1", "ReplicaSet", f"{owner}-abc"), node, labels={"pod-template-hash": "abc"})


def _poison(monkeypatch: pytest.MonkeyPatch, module: str, name: str, word: str) -> list[object]:
    """Make a function raise when its arguments name a word; return what was raised so far."""
    real, raised = getattr(importlib.import_module(module), name), list[object]()

    def poisoned(*arguments: Any, **options: Any) -> Any:
        about = arguments[{"is_named": 1, "on_pods": 2}.get(name, 0)]
        if word in repr(about):
            raised.append(name)
            raise RecursionError("\x1b[31mnobody thought of this" + "9" * 10_000)
        return real(*arguments, **options)

    monkeypatch.setattr(f"{module}.{name}", poisoned)
    return raised


def _changes(world: WholePass, names: Iterable[str]) -> None:
    """Let a pod of each workload come, on the first node."""
    for name in names:
        world.put(POD, _pod(f"{name}-abc-new", name, "node-1"))
        world.put("Deployment", workload(name, labels={CLASS: "best-effort", "new": "yes"}, resourceVersion="9"))


@pytest.mark.parametrize(("module", "name", "kind"), OF_AN_OBJECT)
def test_a_fault_of_one_object_is_its_own(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str, kind: str | None
) -> None:
    """Its caps are held, it is named and counted, and the victim's new pod gets its share."""
    world = _world()
    before = world.annotations("poisoned-abc-node-2")
    raised = _poison(monkeypatch, module, name, "poisoned")
    _changes(world, ("poisoned", "victim"))
    world.put(POD, pod("poisoned-job-1", owned_by("batch/v1", "Job", "poisoned-job"), annotations={PRIOR: ""}))
    passes = world.step()
    assert {one.domain for one in passes} == {"node-1", "node-2"}
    assert all("factory/deployment/victim" in one.caps for one in passes)
    assert Rate.parse(world.annotations("victim-abc-new")[EGRESS]) >= Rate(M)
    assert raised
    assert ("cluster", kind) in world.told.failures
    told = [sentence for sentence in world.told.shown if "RecursionError" in sentence]
    assert told
    assert all("poisoned" in sentence and sentence.isprintable() and len(sentence) < 600 for sentence in told)
    if name != "_is_stale":  # what is stale is looked for after the share of each target
        assert world.annotations("poisoned-abc-node-2") == before
    monkeypatch.undo()
    world.put("Deployment", workload("poisoned", labels={CLASS: "best-effort"}, resourceVersion="10"))
    _changes(world, ("poisoned",))
    world.delete(POD, "factory", "poisoned-job-1")
    world.step()
    world.told.failures.clear()
    world.step()
    assert world.told.failures == []


@pytest.mark.parametrize(("module", "name", "kind"), OF_ALL)
def test_a_fault_of_all_leaves_what_was_known(
    monkeypatch: pytest.MonkeyPatch, module: str, name: str, kind: str
) -> None:
    """The process goes on, and every domain of before is decided for."""
    world = _world()

    def broken(*_arguments: object, **_options: object) -> None:
        raise MemoryError

    monkeypatch.setattr(f"{module}.{name}", broken)
    _changes(world, ("poisoned", "victim"))
    for _pass in range(3):
        assert {one.domain for one in world.step()} == {"node-1", "node-2"}
    assert ("cluster", kind) in world.told.failures
    assert any("MemoryError" in sentence for sentence in world.told.shown)


def test_a_domain_that_cannot_be_formed_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    """The other node is served, and the caps of this one are held."""
    world = _world()
    before = world.annotations("victim-abc-node-1")
    real = importlib.import_module(f"{CAPS}.domains")._domain

    def broken(name: str, *arguments: Any) -> Any:
        if name == "node-1":
            raise KeyError(name)
        return real(name, *arguments)

    monkeypatch.setattr(f"{CAPS}.domains._domain", broken)
    _changes(world, ("victim",))
    assert [one.domain for one in world.step()] == ["node-2"]
    assert world.told.failures == [("node-1", "domain")]
    assert any(s.startswith("node-1 is not controlled, its caps are held: KeyError") for s in world.told.shown)
    assert world.annotations("victim-abc-node-1") == before


@pytest.mark.parametrize("step", ["domains", "problems", "faults"])
def test_a_cluster_that_cannot_be_asked_ends_no_pass(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Whatever of the topology raises, the loops go on with the domains that they know."""
    world = _world()

    def broken() -> None:
        raise AttributeError(step)

    monkeypatch.setattr(world.controller.parts.topology, step, broken)
    assert {one.domain for one in world.step()} == {"node-1", "node-2"}
    assert any(f"AttributeError('{step}')" in sentence for sentence in world.told.shown)


@pytest.mark.parametrize("step", ["problems", "failed", "forget", "idle"])
def test_a_recorder_that_fails_ends_no_pass(monkeypatch: pytest.MonkeyPatch, step: str) -> None:
    """Telling is not worth the control."""
    world = _world()

    def broken(*_arguments: object, **_options: object) -> None:
        raise OSError(step)

    monkeypatch.setattr(world.told, step, broken)
    world.delete(POD, "factory", "victim-abc-node-2")
    world.delete(POD, "factory", "poisoned-abc-node-2")
    assert [one.domain for one in world.step()] == ["node-1"]
    assert [one.domain for one in world.step()] == ["node-1"]


def test_a_fault_says_where_and_keeps_nothing_alive() -> None:
    """One line, and no frame of what was read."""
    faults = Faults()
    with faults.contained("pod", "Pod factory/x"):
        raise ValueError("wrong\n\x00")
    (fault,) = faults.found
    assert str(fault).startswith("Pod factory/x is not controlled, its caps are held: ValueError(")
    assert "(test_contained.py:" in str(fault)
    assert isinstance(fault.error, str)

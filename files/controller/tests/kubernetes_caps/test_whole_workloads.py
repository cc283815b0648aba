"""Workloads as clusters have them: one controller is one target, whoever reads it, and nobody's own limit is raised."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from detnet.config.models import Settings
from detnet.config.sections import ObjectiveSettings
from detnet.kubernetes.caps.domains import Critical
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.client.api import ApiRefused
from detnet.kubernetes.objects.patches import Cap, Release
from detnet.kubernetes.objects.shares import level
from detnet.kubernetes.objects.targets import Bounds
from detnet.kubernetes.objects.workloads import POD, Ref, pod_of
from detnet.model.annotations import CLASS, EGRESS, MAXIMUM, PRIOR, patched
from detnet.model.errors import ConfigError
from detnet.model.rate import Rate
from detnet.runtime.build import domain_rules
from detnet.runtime.build_kubernetes import _critical
from detnet.runtime.cluster_controller import ClusterParts
from kubernetes_caps.whole_pass import WholePass, owned_by, pod, workload
from kubernetes_caps.worlds import M

BOUNDS = Bounds(Rate(10 * M), Rate(1000 * M))
UNPROVED = "nothing proves the caps, as no byte counters are configured (actuator.kubernetes.counters)"
LABEL = {CLASS: "best-effort"}
KRUISE = "apps.kruise.io/v1beta1"


def _world(*critical: Critical, namespaces: tuple[str, ...] = ("factory",)) -> WholePass:
    return WholePass(Plan(namespaces, critical or (Critical("robot", "factory", "robot"),), found=BOUNDS))


@pytest.mark.parametrize(
    ("owner", "target"),
    [
        (owned_by("batch/v1", "Job", "nightly"), "factory/job/nightly"),
        (owned_by("batch/v1", "Job", "nightly-29671200"), "factory/cronjob/nightly"),
        (owned_by("batch/v1", "Job", "nightly-20260601"), "factory/job/nightly-20260601"),
        (owned_by("batch/v1", "Job", "nightly-29671202"), "factory/job/nightly-29671202"),
        (owned_by("batch/v1", "Job", "nightly-29626559"), "factory/job/nightly-29626559"),
        (owned_by("batch/v1", "Job", "nightly-29671200-retry"), "factory/job/nightly-29671200-retry"),
        (owned_by("batch.volcano.sh/v1", "Job", "nightly-29671200"), "factory/job.batch.volcano.sh/nightly-29671200"),
        (owned_by(KRUISE, "CloneSet", "upload"), "factory/cloneset.apps.kruise.io/upload"),
        (owned_by(KRUISE, "StatefulSet", "upload"), "factory/statefulset.apps.kruise.io/upload"),
        (owned_by("apps/v1", "ReplicaSet", "alone"), "factory/replicaset/alone"),
        (owned_by("v1", "ReplicationController", "old"), "factory/replicationcontroller/old"),
    ],
)
def test_one_controller_is_one_target_by_the_label_on_its_pods(owner: dict[str, Any], target: str) -> None:
    """Twelve pods of a Job begin at its maximum and not at twelve times that; each of them is capped."""
    world = _world()
    world.put("StatefulSet", workload("upload"))  # of Kubernetes' own group, with the same name and without a label
    for number in range(12):
        world.put(POD, pod(f"x-{number}", owner, labels=LABEL, creationTimestamp="2026-06-01T00:00:03Z"))
    world.put(POD, pod("x-plain", owner))
    (one,) = world.step()
    assert one.decision.before_bps == BOUNDS.maximum.bps
    assert one.caps == {target: BOUNDS.maximum}
    assert {world.annotations(f"x-{number}").get(EGRESS) for number in range(12)} == {"83333k"}
    assert EGRESS not in world.annotations("x-plain")
    assert not [problem for problem in world.told.shown if "label" in problem]


def test_static_pods_stand_for_themselves() -> None:
    """A node owns them, and is no workload."""
    raw = pod("etcd-node-1", owned_by("v1", "Node", "node-1"))
    assert pod_of(raw).workload == Ref(POD, "factory", "etcd-node-1")


def test_the_annotations_of_the_first_labelled_pod_count_for_its_owner() -> None:
    """They may ask for less, as a Deployment's do."""
    world = _world()
    for number, most in enumerate(("100M", "50M")):
        raw = pod(f"x-{number}", owned_by("batch/v1", "Job", "x"), labels=LABEL, annotations={MAXIMUM: most})
        world.put(POD, raw)
    world.put(POD, pod("a", owned_by("batch/v1", "Job", "x"), annotations={MAXIMUM: "20M"}))
    (one,) = world.step()
    assert one.caps == {"factory/job/x": Rate(100 * M)}


@pytest.mark.parametrize("owner", [None, owned_by("batch/v1", "Job", "x")])
def test_a_limit_that_somebody_wrote_is_an_upper_bound(owner: dict[str, Any] | None) -> None:
    """20M and 5M (less than the target's minimum) hold, the rest goes to who has no limit, and a release restores."""
    world = _world()
    for name, limit in (("x-1", "20M"), ("x-2", "5M")):
        world.put(POD, pod(name, owner, labels=LABEL, annotations={EGRESS: limit}))
    for _pass in range(200):
        world.step()
        assert Rate.parse(world.annotations("x-1")[EGRESS]) <= Rate(20 * M)
        assert Rate.parse(world.annotations("x-2")[EGRESS]) <= Rate(5 * M)
    for name, limit in (("x-1", "20M"), ("x-2", "5M")):
        annotations = world.annotations(name)
        assert patched(annotations, Release().patch(annotations)) == {EGRESS: limit}


def test_a_limit_below_the_least_cap_is_not_none_and_is_left() -> None:
    """512k is enforced; also where an older version of ours has written over it."""
    world = _world()
    world.put(POD, pod("x-1", owned_by("batch/v1", "Job", "x"), labels=LABEL, annotations={EGRESS: "512k"}))
    ours = {EGRESS: "50M", PRIOR: "512k"}
    world.put(POD, pod("x-2", owned_by("batch/v1", "Job", "x"), labels=LABEL, annotations=ours))
    world.put(POD, pod("x-3", owned_by("batch/v1", "Job", "x"), labels=LABEL))
    (one,) = world.step()
    assert one.in_force is not None
    assert world.annotations("x-1") == world.annotations("x-2") == {EGRESS: "512k"}
    assert world.annotations("x-3")[EGRESS] == BOUNDS.maximum.quantity
    assert Cap(Rate(20 * M)).patch({EGRESS: "512k"}) == {}


def test_who_is_limited_leaves_the_rest_to_the_others() -> None:
    """Together they are the cap."""
    assert level(Rate(100 * M), [20 * M, None]) == Rate(80 * M)
    assert level(Rate(100 * M), [20 * M, 90 * M, None]) == Rate(40 * M)
    assert level(Rate(100 * M), [80 * M, None]) == Rate(50 * M)
    assert level(Rate(100 * M), [None, None]) == Rate(50 * M)


@pytest.mark.parametrize(
    ("text", "key"),
    [
        ("robot", ("cell-1", "robot")),
        ("cell-7/robot", ("cell-7", "robot")),
        ("statefulset/robot", ("cell-1", "robot", "StatefulSet")),
        ("cell-7/deployment/robot", ("cell-7", "robot", "Deployment")),
    ],
)
def test_an_objective_says_which_workload_it_means(text: str, key: tuple[str, ...]) -> None:
    """Under the name that it gives itself."""
    one = _critical(ObjectiveSettings.model_validate({"workload": text, "jitter": "2ms"}), "cell-1")
    assert (one.objective, one.key) == (text, key)


@pytest.mark.parametrize("text", ["a/b/c/d", "cell-7/unit/robot"])
def test_an_objective_that_names_nothing_is_told_the_forms_that_work(text: str) -> None:
    """And nothing starts."""
    with pytest.raises(ConfigError, match="namespace/kind/name"):
        _critical(ObjectiveSettings.model_validate({"workload": text, "jitter": "2ms"}), "cell-1")


def test_two_workloads_of_one_name_have_objectives_of_their_own() -> None:
    """In two namespaces, and of two kinds: each counts where its own pods are, and only it is spared."""
    critical = (Critical("cell-1/robot", "cell-1", "robot"), Critical("x", "cell-7", "robot", kind="StatefulSet"))
    world = _world(*critical, namespaces=("cell-1", "cell-7"))
    stateful, deployed = owned_by("apps/v1", "StatefulSet", "robot"), owned_by("apps/v1", "ReplicaSet", "robot-abc")
    world.put("Deployment", workload("robot", "cell-7", labels=LABEL))
    world.put(POD, pod("robot-1", stateful, "node-1", "cell-1"))
    world.put(POD, pod("robot-0", stateful, "node-2", "cell-7"))
    world.put(POD, pod("robot-abc-1", deployed, "node-1", "cell-7", labels={"pod-template-hash": "abc"}))
    world.put(POD, pod("y", None, "node-2", "cell-1", labels=LABEL))
    world.controller.parts = _with_objectives(world, "cell-1/robot", "x")
    caps = {one.domain: set(one.caps) for one in world.step()}
    assert caps == {"node-1": {"cell-7/deployment/robot"}, "node-2": {"cell-1/pod/y"}}
    assert {one.name: one.objectives for one in world.cluster.domains()} == {
        "node-1": {"cell-1/robot"},
        "node-2": {"x"},
    }


def _with_objectives(world: WholePass, *names: str) -> ClusterParts:
    settings = Settings.model_validate({"objectives": [{"workload": name, "jitter": "2ms"} for name in names]})
    return replace(world.controller.parts, rules=lambda d: domain_rules(settings, d.objectives, d.claims))


def test_a_name_that_two_workloads_have_is_told_with_the_forms_that_work() -> None:
    """A Deployment and a StatefulSet, and the same in another namespace where none is said."""
    critical = Critical("robot", "cell-1", "robot", is_first=True)
    world = _world(critical, namespaces=("cell-1", "cell-7"))
    world.put(POD, pod("robot-0", owned_by("apps/v1", "StatefulSet", "robot"), "node-1", "cell-1"))
    world.step()
    assert not world.told.shown
    world.put(POD, pod("robot-0", owned_by("apps/v1", "StatefulSet", "robot"), "node-1", "cell-7"))
    world.step()
    (told,) = world.told.shown
    assert "cell-1/statefulset/robot, cell-7/statefulset/robot: write namespace/name, kind/name or" in told


def test_a_namespace_that_may_not_be_read_holds_up_no_other() -> None:
    """It is named for ``/readyz`` and among the problems; when the right comes, it is served too."""
    world = _world(namespaces=("factory", "cell-7"))
    follower = world._followers["cell-7", POD]
    follower._synced.clear()
    world.put(POD, pod("x", None, labels=LABEL))
    assert not world.cluster.synced  # it may still come
    follower._failed(ApiRefused(403, "Forbidden", "403 pods is forbidden"), None)
    assert [set(one.caps) for one in world.step()] == [{"factory/pod/x"}]
    role = world.controller.parts.topology.role()
    assert role == f"namespace cell-7 is not served: 403 pods is forbidden; {UNPROVED}; leading"
    assert "403 pods is forbidden" in world.told.shown
    world.put(POD, pod("y", None, namespace="cell-7", labels=LABEL))
    follower._synced.set()
    assert [set(one.caps) for one in world.step()] == [{"factory/pod/x", "cell-7/pod/y"}]
    assert world.controller.parts.topology.role() == f"{UNPROVED}; leading"

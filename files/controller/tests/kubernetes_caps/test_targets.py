"""Who is a target, and who never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.kubernetes.objects.targets import Bounds, Roster, find
from detnet.kubernetes.objects.workloads import Pod, Ref, Workload
from detnet.model.annotations import BEST_EFFORT, CRITICAL
from detnet.model.rate import Rate
from kubernetes_caps.worlds import DEFAULTS, M, clusters, pod, workload


def _find(*workloads: Workload, pods: tuple[Pod, ...] = (), objectives: tuple[str, ...] = ()) -> Roster:
    return find({}, [("factory", name) for name in objectives], workloads, pods, defaults=DEFAULTS)


@given(clusters(), st.sets(st.sampled_from(["upload", "backup", "robot"])))
def test_nothing_critical_is_ever_a_target_whatever_claims_it(
    cluster: tuple[list[Workload], list[Pod]], objectives: set[str]
) -> None:
    """Neither labels on workload and pod nor the configuration together can put a critical pod under a cap."""
    workloads, pods = cluster
    configured = {one.ref: DEFAULTS for one in workloads}
    critical = {("factory", name) for name in objectives}
    roster = find(configured, critical, workloads, pods, defaults=DEFAULTS)
    marked = {(w.ref.namespace, w.ref.name) for w in workloads if w.role == CRITICAL}
    for one in pods:
        if one.role == CRITICAL or (one.workload.namespace, one.workload.name) in critical | marked:
            assert roster.bounds_of(one) is None


@given(clusters())
def test_whatever_the_annotations_say_the_bounds_are_usable(cluster: tuple[list[Workload], list[Pod]]) -> None:
    """A bad value is told and replaced by what is configured, so that no claim is ever impossible."""
    roster = find({}, [], *cluster, defaults=DEFAULTS)
    for bounds in roster.targets.values():
        assert bounds.minimum <= bounds.maximum
        assert 0.001 <= bounds.weight <= 1000.0


def test_annotations_give_bounds_weight_and_pause() -> None:
    """They override the configured ones."""
    one = workload("upload", role=BEST_EFFORT, min="20M", max="0.2G", weight="2.5", pause="true")
    assert _find(one).targets == {one.ref: Bounds(Rate(20 * M), Rate(200 * M), 2.5, paused=True)}


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        ({"min": "20m"}, "Deployment factory/upload: the annotation qos.detnet.io/min: '20m' is less than one bit/s"),
        ({"max": "10Mbit"}, "the annotation qos.detnet.io/max: '10Mbit' ends in 'Mbit', but a rate ends in k, M, G"),
        (
            {"weight": "0"},
            "the annotation qos.detnet.io/weight is '0', expected a number from 0.001 to 1000; 1 is used",
        ),
        ({"pause": "yes"}, "the annotation qos.detnet.io/pause is 'yes', expected true or false; it is not heard"),
        ({"min": "2G"}, "the least cap 2G is above the largest 1G"),
    ],
)
def test_a_bad_value_is_told_with_object_annotation_and_what_was_expected(
    annotation: dict[str, str], told: str
) -> None:
    """And the target keeps its configured bounds."""
    roster = _find(workload("upload", role=BEST_EFFORT, **annotation))
    assert [told in problem for problem in roster.problems] == [True]
    assert list(roster.targets.values()) == [DEFAULTS]


def test_a_critical_workload_that_claims_to_be_a_target_is_told() -> None:
    """The claim is refused aloud: somebody may count on it."""
    roster = _find(workload("robot", role=BEST_EFFORT), objectives=("robot",))
    assert roster.targets == {}
    assert roster.problems == ("Deployment factory/robot is critical and is not capped: take it off the targets",)


def test_an_objective_shields_its_name_in_every_kind() -> None:
    """An objective names a workload without its kind, so a StatefulSet of that name is not capped either."""
    assert _find(workload("robot", role=BEST_EFFORT, kind="StatefulSet"), objectives=("robot",)).targets == {}


def test_a_label_on_the_pods_alone_makes_no_target_and_is_told() -> None:
    """The label of the template is easily taken for that of the workload."""
    plain = workload("upload")
    roster = _find(plain, pods=(pod(plain, 1, role=BEST_EFFORT), pod(plain, 2, role=BEST_EFFORT)))
    assert roster.targets == {}
    assert [problem for problem in roster.problems if "label the workload itself" in problem] == [*roster.problems]
    assert len(roster.problems) == 1


def test_a_pod_of_no_known_workload_is_a_target_by_its_own_label() -> None:
    """A bare pod or the pod of a Job carries label and annotations itself."""
    alone = pod(None, 1, role=BEST_EFFORT)
    assert _find(pods=(alone,)).bounds_of(alone) == DEFAULTS


def test_a_configured_target_that_is_not_there_is_told() -> None:
    """A misspelt name must not look like a quiet cluster."""
    roster = find({Ref("Deployment", "factory", "uplaod"): DEFAULTS}, [], [], [], defaults=None)
    assert roster.problems == ("Deployment factory/uplaod is configured as a target, but there is none",)


def test_without_discovery_labels_make_no_targets() -> None:
    """Who lists the targets wants no others."""
    assert find({}, [], [workload("upload", role=BEST_EFFORT)], [], defaults=None).targets == {}

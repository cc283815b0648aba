"""Who is a target, and who never is."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from detnet.kubernetes.objects.targets import EVERYTHING, NOTHING, Bounds, Delegation, Roster, find
from detnet.kubernetes.objects.workloads import Pod, Ref, Workload
from detnet.model.annotations import BEST_EFFORT, CRITICAL
from detnet.model.rate import Rate
from kubernetes_caps.worlds import DEFAULTS, M, clusters, pod, workload


def _find(
    *workloads: Workload,
    pods: tuple[Pod, ...] = (),
    objectives: tuple[str, ...] = (),
    delegation: Delegation = NOTHING,
    every: bool = False,
) -> Roster:
    critical = [("factory", name) for name in objectives]
    return find({}, critical, workloads, pods, defaults=DEFAULTS, delegation=delegation, every=every)


delegations = st.sampled_from(
    [NOTHING, EVERYTHING, Delegation(critical=frozenset({"factory"})), Delegation(pause=frozenset({"cell"}))]
)


@given(clusters(), st.sets(st.sampled_from(["upload", "backup", "robot"])), delegations, st.booleans())
def test_nothing_critical_is_ever_a_target_whatever_claims_it(
    cluster: tuple[list[Workload], list[Pod]],
    objectives: set[str],
    delegation: Delegation,
    every: bool,  # noqa: FBT001 - drawn
) -> None:
    """Neither labels nor the configuration can put under a cap what an objective names, or a label that counts."""
    workloads, pods = cluster
    configured = {one.ref: DEFAULTS for one in workloads}
    critical = {("factory", name) for name in objectives}
    roster = find(configured, critical, workloads, pods, defaults=DEFAULTS, delegation=delegation, every=every)
    counts = bool(delegation.critical)
    marked = {(w.ref.namespace, w.ref.name) for w in workloads if counts and w.role == CRITICAL}
    for one in pods:
        if (counts and one.role == CRITICAL) or (one.workload.namespace, one.workload.name) in critical | marked:
            assert roster.bounds_of(one) is None


@given(clusters(), delegations)
def test_whatever_the_annotations_say_the_bounds_stay_inside_the_configured_ones(
    cluster: tuple[list[Workload], list[Pod]], delegation: Delegation
) -> None:
    """A bad value is reported and ignored, one that asks for too much is held at what is configured."""
    roster = find({}, [], *cluster, defaults=DEFAULTS, delegation=delegation)
    for bounds in roster.targets.values():
        assert DEFAULTS.minimum <= bounds.minimum <= bounds.maximum <= DEFAULTS.maximum
        assert 0.001 <= bounds.weight <= 1000.0
        if not delegation.share:
            assert (bounds.minimum, bounds.weight <= DEFAULTS.weight) == (DEFAULTS.minimum, True)
        if not delegation.pause:
            assert not bounds.paused


def test_annotations_give_bounds_weight_and_pause_where_that_is_delegated() -> None:
    """They override the configured ones."""
    one = workload("upload", role=BEST_EFFORT, min="20M", max="0.2G", weight="2.5", pause="true")
    roster = _find(one, delegation=EVERYTHING)
    assert roster.targets == {one.ref: Bounds(Rate(20 * M), Rate(200 * M), 2.5, paused=True)}


@pytest.mark.parametrize(
    ("asked", "given"),
    [
        ({"min": "1T", "max": "1T"}, DEFAULTS),
        ({"weight": "1000"}, DEFAULTS),
        ({"pause": "true"}, DEFAULTS),
        ({"min": "500M"}, DEFAULTS),
        ({"max": "100M"}, Bounds(DEFAULTS.minimum, Rate(100 * M))),
        ({"weight": "0.5"}, Bounds(DEFAULTS.minimum, DEFAULTS.maximum, 0.5)),
    ],
)
def test_a_tenant_may_ask_for_less_and_not_for_more(asked: dict[str, str], given: Bounds) -> None:
    """And reads what was not granted, with the setting that would grant it."""
    one = workload("attacker", role=BEST_EFFORT, **asked)
    roster = _find(one)
    assert roster.targets == {one.ref: given}
    for problem in roster.problems:
        assert "Deployment factory/attacker" in problem
        assert "actuator.kubernetes.delegate." in problem or "needs a target's entry" in problem


def test_a_tenant_is_not_critical_by_saying_so() -> None:
    """Neither on the workload, which stays what the configuration says, nor on its pods."""
    claims = workload("attacker", role=CRITICAL)
    hides = workload("other", role=BEST_EFFORT)
    pods = (pod(claims, 1, role=CRITICAL), pod(hides, 2, role=CRITICAL))
    roster = _find(claims, hides, pods=pods)
    assert roster.critical == frozenset()
    assert roster.bounds_of(pods[1]) == DEFAULTS
    assert sum("actuator.kubernetes.delegate.critical" in problem for problem in roster.problems) == 2
    assert _find(claims, pods=pods[:1], every=True).bounds_of(pods[0]) == DEFAULTS


def test_where_every_workload_is_a_target_no_label_is_needed() -> None:
    """Who takes the label away stays under the cap; what an objective names is never capped."""
    plain, robot = workload("upload"), workload("robot")
    assert _find(plain, robot, objectives=("robot",), every=True) == Roster(
        {plain.ref: DEFAULTS}, frozenset({("factory", "robot")})
    )


@pytest.mark.parametrize(
    ("annotation", "told"),
    [
        ({"min": "20m"}, "Deployment factory/upload: the annotation qos.detnet.io/min: '20m' is less than one bit/s"),
        ({"max": "10Mbit"}, "the annotation qos.detnet.io/max: '10Mbit' ends in 'Mbit', but a rate ends in k, M, G"),
        (
            {"weight": "0"},
            "the annotation qos.detnet.io/weight is '0', expected a number from 0.001 to 1000; 1 is used",
        ),
        ({"pause": "yes"}, "the annotation qos.detnet.io/pause is 'yes', expected true or false; ignored"),
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
    """A bare pod carries label and annotations itself."""
    alone = pod(None, 1, role=BEST_EFFORT)
    assert _find(pods=(alone,)).bounds_of(alone) == DEFAULTS


def test_a_configured_target_that_is_not_there_is_told() -> None:
    """A misspelt name must not look like a quiet cluster."""
    roster = find({Ref("Deployment", "factory", "uplaod"): DEFAULTS}, [], [], [], defaults=None)
    assert roster.problems == ("Deployment factory/uplaod is configured as a target, but there is none",)


def test_without_discovery_labels_make_no_targets() -> None:
    """Who lists the targets wants no others."""
    assert find({}, [], [workload("upload", role=BEST_EFFORT)], [], defaults=None).targets == {}

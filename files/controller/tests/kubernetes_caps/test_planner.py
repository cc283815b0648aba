"""From what is wanted and what is there to the writes between them."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from detnet.kubernetes.caps import planner
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.objects.faults import Faults
from detnet.kubernetes.objects.patches import Cap, Release
from detnet.kubernetes.objects.targets import Roster, find
from detnet.kubernetes.objects.workloads import Pod, Workload
from detnet.model.annotations import BEST_EFFORT, CRITICAL, EGRESS, PRIOR, cap_patch, patched
from detnet.model.rate import CEILING_BPS, FLOOR_BPS, Rate
from kubernetes_caps.worlds import DEFAULTS, M, clusters, pod, workload

PLAN = Plan(("factory",), found=DEFAULTS)
UPLOAD = workload("upload", role=BEST_EFFORT)


def _capped(number: int, mbps: float) -> Pod:
    return pod(UPLOAD, number, annotations={EGRESS: Rate(int(mbps * M)).quantity, PRIOR: ""})


@given(
    cap=st.integers(FLOOR_BPS, CEILING_BPS).map(Rate),
    before=st.lists(st.none() | st.integers(1, 10_000), min_size=1, max_size=20),
    sharp=st.sampled_from([True, False, None]),
)
def test_after_the_wishes_the_pods_share_the_cap(*, cap: Rate, before: list[int | None], sharp: bool | None) -> None:
    """Each pod is at its share, or so near that it was not worth a write; none is without a cap."""
    pods = [pod(UPLOAD, n) if mbps is None else _capped(n, mbps) for n, mbps in enumerate(before)]
    after = {one.ref: dict(one.annotations) for one in pods}
    for pending in planner.on_pods(PLAN, cap, pods, sharp=sharp):
        after[pending.ref] = patched(after[pending.ref], pending.change.patch(after[pending.ref]))
    caps = [planner.cap_of(annotations, EGRESS) for annotations in after.values()]
    share = max(cap.bps // len(pods) // 1000 * 1000, FLOOR_BPS)
    assert all(one is not None and abs(one.bps - share) <= 0.02 * one.bps for one in caps)
    if sharp:
        assert all(one is not None and one.bps <= share * 1.02 for one in caps)


def test_a_pod_without_a_cap_is_never_made_to_wait() -> None:
    """It runs unlimited until it is written."""
    for sharp in (True, False, None):
        (pending,) = planner.on_pods(PLAN, Rate(20 * M), [pod(UPLOAD, 1)], sharp=sharp)
        assert (pending.falls, pending.urgent) == (True, True)


def test_a_priority_that_is_not_there_yet_is_worth_a_write() -> None:
    """It was asked for after the cap was written; no rate changes."""
    plan = replace(PLAN, priority="bestEffort")
    (pending,) = planner.on_pods(plan, Rate(20 * M), [_capped(1, 20)], sharp=False)
    assert (pending.change, pending.falls) == (Cap(Rate(20 * M), "bestEffort"), False)
    before = _capped(1, 20)
    done = replace(before, annotations=patched(before.annotations, pending.change.patch(before.annotations)))
    assert list(planner.on_pods(plan, Rate(20 * M), [done], sharp=False)) == []


def test_a_template_is_not_rolled_for_noise() -> None:
    """Not even downwards: each write restarts its pods."""
    template = {EGRESS: "20M", PRIOR: ""}
    plan, one = replace(PLAN, rollout=True), replace(UPLOAD, replicas=2, template_annotations=template)
    assert list(planner.on_template(plan, Rate(39_500_000), one)) == []
    (pending,) = planner.on_template(plan, Rate(30 * M), one)
    assert (pending.change, pending.falls, pending.urgent) == (Cap(Rate(15 * M)), True, False)


def test_room_for_a_new_pod_is_made_at_once_where_it_is_much() -> None:
    """The third pod costs the others a third; the thirtieth costs them what noise does."""
    few = planner.on_pods(PLAN, Rate(60 * M), [_capped(1, 30), _capped(2, 30), pod(UPLOAD, 3)], sharp=None)
    assert [pending.urgent for pending in few] == [True] * 3
    many = planner.on_pods(PLAN, Rate(90 * M), [*(_capped(n, 90 / 29) for n in range(29)), pod(UPLOAD, 30)], sharp=None)
    assert [pending.urgent for pending in many] == [False] * 29 + [True]


def test_decay_waits_for_its_turn_and_a_cut_does_not() -> None:
    """Both take rate away; only the one answers a breach."""
    for sharp in (False, True):
        (pending,) = planner.on_pods(PLAN, Rate(20 * M), [_capped(1, 21)], sharp=sharp)
        assert (pending.falls, pending.urgent) == (True, sharp)


@given(clusters())
def test_only_targets_keep_what_is_ours(cluster: tuple[list[Workload], list[Pod]]) -> None:
    """Every pod with a cap of ours is a target's, or gets back what it had, or goes with its workload."""
    workloads, pods = cluster
    pods = [replace(one, annotations=patched({}, cap_patch({}, Rate(5 * M)))) for one in pods]
    roster = find({}, [], workloads, pods, defaults=DEFAULTS)
    released = {pending.ref for pending in planner.stale_caps(PLAN, roster, workloads, pods, Faults())}
    for one in pods:
        assert (one.ref in released) == (roster.bounds_of(one) is None and not one.deleting)


def test_a_pod_whose_workload_is_gone_keeps_its_cap_to_the_end() -> None:
    """It is about to be deleted as well; unlimited it would be worse for its last seconds."""
    assert list(planner.stale_caps(PLAN, Roster(), [], [_capped(1, 5)], Faults())) == []
    assert [w.change for w in planner.stale_caps(PLAN, Roster(), [UPLOAD], [_capped(1, 5)], Faults())] == [Release()]


def test_what_a_person_paused_is_left_alone() -> None:
    """Neither its pods nor its template are touched, and nothing is taken back."""
    paused = replace(DEFAULTS, paused=True)
    roster, plan = Roster({UPLOAD.ref: paused}), replace(PLAN, template_cap=Rate(5 * M))
    assert list(planner.stale_caps(plan, roster, [UPLOAD], [_capped(1, 5)], Faults())) == []
    assert list(planner.template_patches(plan, roster, [UPLOAD], Faults())) == []
    roster = Roster({UPLOAD.ref: DEFAULTS})
    assert [w.change for w in planner.template_patches(plan, roster, [UPLOAD], Faults())] == [Cap(Rate(5 * M))]


def test_a_template_of_a_target_that_became_critical_is_freed() -> None:
    """Its next pods would be born with our cap."""
    robot = replace(workload("robot", role=CRITICAL), template_annotations={EGRESS: "5M", PRIOR: ""})
    roster = find({}, [], [robot], [], defaults=DEFAULTS)
    assert [(w.ref, w.change) for w in planner.stale_caps(PLAN, roster, [robot], [], Faults())] == [
        (robot.ref, Release())
    ]

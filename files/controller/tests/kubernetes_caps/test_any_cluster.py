"""Whatever tenants write on their objects, a pass over the cluster returns, and the caps of the others are right.

Objects as the API server stores them: valid by its schema, and everything that its owner may say in them hostile.
"""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from detnet.config.models import Settings
from detnet.control.allocate import allocate
from detnet.kubernetes.caps.domains import Critical, group
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.caps.planner import cap_of, on_pods, stale_caps, template_patches
from detnet.kubernetes.objects.patches import Subject, body
from detnet.kubernetes.objects.targets import EVERYTHING, NOTHING, Bounds, Delegation, find
from detnet.kubernetes.objects.workloads import Pod, Ref, Workload, pod_of, workload_of
from detnet.model.annotations import (
    CLASS,
    EGRESS,
    MAXIMUM,
    MINIMUM,
    PAUSE,
    PRIOR,
    PRIOR_PRIORITY,
    PRIORITY,
    STATUS,
    WEIGHT,
)
from detnet.model.rate import CEILING_BPS, Rate
from detnet.runtime.build import domain_rules
from kubernetes_caps.worlds import M

SETTINGS = Settings.model_validate(
    {"objectives": [{"workload": "robot", "jitter": "2ms"}], "defaults": {"min": "2M", "max": "10T"}}
)
DEFAULTS = Bounds(Rate(2 * M), Rate(CEILING_BPS))
MEGABYTE = "9" * 256 * 1024

texts = st.sampled_from(
    ["1T", "10T", "1000", "true", "-1", "0", "", "1e99", "1e-99", "nan", "inf", "10m", "\x00\x1b[2J\n", "½", MEGABYTE]
) | st.text(max_size=80)
KEYS = [MINIMUM, MAXIMUM, WEIGHT, PAUSE, EGRESS, PRIOR, PRIORITY, PRIOR_PRIORITY, STATUS, "qos.detnet.io/of-a-tenant"]
annotations = st.fixed_dictionaries({}, optional=dict.fromkeys(KEYS, texts))
labels = st.dictionaries(
    st.just(CLASS), st.sampled_from(["best-effort", "critical", "Best-Effort", "", "x" * 63]), max_size=1
)
names = st.sampled_from([f"tenant-{letter}" for letter in "abcdef"])


@st.composite
def workloads(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a Deployment or StatefulSet of a tenant."""
    metadata = {"annotations": draw(annotations), "labels": draw(labels)}
    return _object(
        draw(names),
        metadata,
        spec={
            "replicas": draw(st.sampled_from([0, 1, 2**31 - 1])),
            "template": {"metadata": draw(st.just({}) | st.just(metadata))},
        },
    )


@st.composite
def pods(draw: st.DrawFn) -> dict[str, Any]:
    """Draw a pod of a tenant, in any state and of any owner."""
    owner = draw(
        st.none()
        | st.fixed_dictionaries(
            {
                "kind": st.sampled_from(["ReplicaSet", "StatefulSet", "Job", "CloneSet", "Pod", ""]),
                "name": names.map(lambda name: f"{name}-abc") | names,
                "controller": st.booleans(),
            }
        )
    )
    metadata = {
        "annotations": draw(annotations),
        "labels": {**draw(labels), **draw(st.just({}) | st.just({"pod-template-hash": "abc"}))},
        "ownerReferences": [owner] if owner else [],
        **draw(st.just({}) | st.just({"deletionTimestamp": "2026-01-01T00:00:00Z"})),
    }
    return _object(
        f"pod-{draw(st.integers(0, 30))}",
        metadata,
        spec={
            "nodeName": draw(st.sampled_from(["node-1", "node-1", "node-2", ""])),
            "hostNetwork": draw(st.sampled_from([False, False, False, True])),
        },
        status={
            "phase": draw(st.sampled_from(["Running", "Running", "Pending", "Succeeded", "Failed", "Unknown", ""]))
        },
    )


def _object(name: str, metadata: dict[str, Any], **parts: Any) -> dict[str, Any]:
    return {
        "metadata": {"name": name, "namespace": "factory", "uid": f"uid-{name}", "resourceVersion": "1", **metadata},
        **parts,
    }


VICTIM = Workload(Ref("Deployment", "factory", "victim"), "uid", "1", "best-effort", 1, {}, {})
VICTIMS_POD = pod_of(
    _object(
        "victim-abc-1",
        {
            "labels": {"pod-template-hash": "abc"},
            "ownerReferences": [{"kind": "ReplicaSet", "name": "victim-abc", "controller": True}],
        },
        spec={"nodeName": "node-1"},
        status={"phase": "Running"},
    )
)
delegations = st.sampled_from([NOTHING, EVERYTHING, Delegation(share=frozenset({"factory"}))])


@settings(max_examples=200)
@given(
    owners=st.lists(workloads(), max_size=6),
    theirs=st.lists(pods(), min_size=1, max_size=12, unique_by=lambda raw: raw["metadata"]["name"]),
    delegation=delegations,
    every=st.sampled_from([True, True, False]),
    budget_bps=st.integers(1, 10**13),
)
def test_a_pass_over_any_cluster_returns_and_caps_the_well_formed(
    *,
    owners: list[dict[str, Any]],
    theirs: list[dict[str, Any]],
    delegation: Delegation,
    every: bool,
    budget_bps: int,
) -> None:
    """No object ends a pass, every cap is one, and the victim has its least cap whatever the others ask for."""
    seen = {one.ref: one for one in (workload_of(raw, "Deployment") for raw in owners)} | {VICTIM.ref: VICTIM}
    alive = {one.key: one for one in map(pod_of, theirs)} | {VICTIMS_POD.key: VICTIMS_POD}
    plan = Plan(
        ("factory",), (Critical("robot", "factory", "robot"),), found=DEFAULTS, every=every, template_cap=Rate(M)
    )
    roster = find(
        {}, {("factory", "robot")}, seen.values(), alive.values(), defaults=DEFAULTS, delegation=delegation, every=every
    )
    victim_is_found = False
    for domain in group(roster, plan.critical, list(alive.values())).domains:
        rules = domain_rules(SETTINGS, domain.objectives, domain.claims)
        caps = allocate(rules.guard.bounded(budget_bps), domain.claims)
        assert sum(cap.bps for cap in caps.values()) <= max(budget_bps, sum(c.minimum_bps for c in domain.claims))
        for target, keys in domain.pods.items():
            for pending in on_pods(plan, caps[target], [alive[key] for key in keys], sharp=True):
                _check(pending.change.patch(alive[f"factory/{pending.ref.name}"].annotations), alive, pending.ref)
        if str(VICTIM.ref) in caps and domain.name == "node-1":
            victim_is_found = True
            assert caps[str(VICTIM.ref)] >= DEFAULTS.minimum
    assert victim_is_found
    list(stale_caps(plan, roster, seen.values(), alive.values()))
    list(template_patches(plan, roster, seen.values()))
    for problem in roster.problems:
        assert len(problem) < 600
        assert problem.isprintable()


def _check(patch: Any, alive: dict[str, Pod], ref: Ref) -> None:
    """What is written is a rate, and no tenant makes the request large."""
    written = body(ref, Subject.of(alive[f"factory/{ref.name}"]), patch)["metadata"]["annotations"]
    if EGRESS in written:
        assert cap_of(written, EGRESS) is not None
    assert sum(len(text or "") for text in written.values()) < 4096

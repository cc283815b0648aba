"""Whatever tenants write on their objects, and in whatever order, a pass over the cluster serves the others.

Objects as the API server stores them: valid by its schema, and everything that their owners may say in them hostile.
Examples are drawn as choices from short lists and made into objects by plain code: no strategy is made while another
draws, so that a failure is replayed and shrunk within seconds.
"""

from __future__ import annotations

from typing import Any, NamedTuple

from hypothesis import given, settings
from hypothesis import strategies as st

from detnet.kubernetes.caps.domains import Critical
from detnet.kubernetes.caps.plan import Plan
from detnet.kubernetes.caps.planner import cap_of
from detnet.kubernetes.objects.targets import EVERYTHING, NOTHING, Bounds, Delegation
from detnet.kubernetes.objects.workloads import PLURALS, POD, limit_bps
from detnet.model.annotations import (
    CLASS,
    EGRESS,
    MAXIMUM,
    MINIMUM,
    OWN_PREFIX,
    PAUSE,
    PRIOR,
    PRIOR_PRIORITY,
    PRIORITY,
    STATUS,
    WEIGHT,
)
from detnet.model.rate import CEILING_BPS, Rate
from kubernetes_caps.whole_pass import WholePass, pod, workload
from kubernetes_caps.worlds import M

DEFAULTS = Bounds(Rate(2 * M), Rate(CEILING_BPS))
MEGABYTE = "9" * 256 * 1024
TEXTS = ("20M", "512k", "1T", "10T", "1000", "true", "-1", "0", "", "1e99", "1e-99", "nan", "inf", "10m", "\x1b[2J\n")
KEYS = (MINIMUM, MAXIMUM, WEIGHT, PAUSE, EGRESS, PRIOR, PRIORITY, PRIOR_PRIORITY, STATUS, "qos.detnet.io/of-a-tenant")
ROLES = (None, "best-effort", "critical", "Best-Effort", "x" * 63)
KINDS = ("StatefulSet", "Job", "CloneSet", "ReplicaSet", "Deployment", "Node", "Pod")
GROUPS = ("apps/v1", "batch/v1", "apps.kruise.io/v1beta1", "v1")
NAMES = ("tenant-a", "tenant-b", "tenant-b-abc", "tenant-b-29671200", "robot", "victim")
CREATED = "2026-06-01T00:00:00Z"


class Wrote(NamedTuple):
    """What a tenant does: creates, changes or deletes an object. A workload's owner is its kind alone."""

    kind: str
    name: str
    role: str | None
    annotations: dict[str, str]
    owner: tuple[str, str, str] | None
    node: str
    phase: str
    flags: tuple[bool, bool, bool, bool]


texts = st.sampled_from(TEXTS) | st.text("0km.-½\x00", max_size=4) | st.just(MEGABYTE)
wrote = st.builds(
    Wrote,
    st.sampled_from((POD, POD, "Deployment", "StatefulSet", "DaemonSet")),
    st.sampled_from(NAMES),
    st.sampled_from(ROLES),
    st.dictionaries(st.sampled_from(KEYS), texts, max_size=3),
    st.none() | st.tuples(st.sampled_from(GROUPS), st.sampled_from(KINDS), st.sampled_from(NAMES)),
    st.sampled_from(("node-1", "node-2", "")),
    st.sampled_from(("Running", "Pending", "Succeeded", "Failed", "Unknown", "")),
    st.tuples(st.booleans(), st.booleans(), st.booleans(), st.booleans()),
)
delegations = st.sampled_from((NOTHING, EVERYTHING, Delegation(share=frozenset({"factory"}))))


def _put(world: WholePass, one: Wrote) -> None:
    deleted, on_host, hashed, large = one.flags
    if one.name == "victim":
        return
    name = f"{one.name}-pod" if one.kind == POD else one.name
    if deleted:
        world.delete(one.kind, "factory", name)
        return
    labels = {} if one.role is None else {CLASS: one.role}
    if one.kind == POD:
        world.put(POD, _pod(name, one, labels, on_host=on_host, hashed=hashed))
        return
    raw = workload(name, labels=labels, annotations=one.annotations)
    raw["spec"] = {
        "replicas": 2**31 - 1 if large else 0,
        "template": {"metadata": {"annotations": one.annotations}} if hashed else {},
    }
    world.put(one.kind, raw)


def _pod(name: str, one: Wrote, labels: dict[str, str], *, on_host: bool, hashed: bool) -> dict[str, Any]:
    owner = None if one.owner is None else dict(zip(("apiVersion", "kind", "name"), one.owner, strict=True))
    if hashed:
        labels["pod-template-hash"] = "abc"
    raw = pod(name, owner, one.node, labels=labels, annotations=one.annotations, creationTimestamp=CREATED)
    raw["spec"]["hostNetwork"], raw["status"]["phase"] = on_host, one.phase
    return raw


@settings(max_examples=300, derandomize=True)
@given(
    events=st.lists(st.none() | wrote, max_size=12),
    delegation=delegations,
    every=st.booleans(),
    rollout=st.sampled_from((False, False, True)),
)
def test_whatever_tenants_write_the_others_are_served(
    *, events: list[Wrote | None], delegation: Delegation, every: bool, rollout: bool
) -> None:
    """``None`` is a pass. Nothing is a fault, the victim has its least cap, and nobody's own limit is ever raised."""
    plan = Plan(
        ("factory",),
        (Critical("robot", "factory", "robot"),),
        found=DEFAULTS,
        every=every,
        delegation=delegation,
        rollout=rollout,
        template_cap=Rate(M),
    )
    world = WholePass(plan)
    world.put("Deployment", workload("victim", labels={CLASS: "best-effort"}))
    owner = {"apiVersion": "apps/v1", "kind": "ReplicaSet", "name": "victim-abc"}
    world.put(POD, pod("victim-abc-1", owner, labels={"pod-template-hash": "abc"}))
    for event in (*events, None):
        if event is not None:
            _put(world, event)
            continue
        passes = {one.domain: one for one in world.step()}
        assert world.told.failures == [], world.told.shown
        mine = passes["cluster" if rollout else "node-1"].caps["factory/deployment/victim"]
        assert mine >= DEFAULTS.minimum
        assert all(len(problem) < 600 and problem.isprintable() for problem in world.told.shown)
        if not rollout:
            assert cap_of(world.annotations("victim-abc-1"), EGRESS) is not None
            _check_limits(world)


def _check_limits(world: WholePass) -> None:
    """What is written is a rate, no tenant makes it large, and it is at most what somebody else has set there."""
    for path, raw in world.api.objects.items():
        annotations = raw["metadata"].get("annotations") or {}
        if "/pods/" not in path or raw["metadata"]["resourceVersion"] == "1" or PRIOR not in annotations:
            continue  # not ours, or nothing has been written since its owner wrote it
        cap, limit = cap_of(annotations, EGRESS), limit_bps(annotations)
        assert cap is not None
        assert limit is None or cap.bps <= limit
        assert all(key.startswith(OWN_PREFIX) or key in KEYS for key in annotations)


def test_the_kinds_that_are_read_are_the_three_of_apps() -> None:
    """The world above plays each of them."""
    assert set(PLURALS) == {"Deployment", "StatefulSet", "DaemonSet"}

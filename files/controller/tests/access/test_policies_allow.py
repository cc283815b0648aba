"""The admission policies let the controller do everything that it does, from whatever state the cluster is in."""

from __future__ import annotations

import itertools
from typing import Any

import hypothesis.strategies as st
from hypothesis import given

from access.objects import deployment, merged, pod
from access.policies import denials
from detnet.core.annotations import (
    CRITICAL,
    EGRESS,
    NO_PRIOR,
    PRIOR,
    PRIORITY,
    STATUS,
    cap_patch,
    patched,
    priority_patch,
    release_patch,
)
from detnet.core.rate import FLOOR_BPS, Rate

Objects = list[dict[str, Any]]
LARGEST_BPS = 10**10

caps = st.integers(FLOOR_BPS, LARGEST_BPS).map(Rate)
texts = st.one_of(
    st.sampled_from(["10m", "0", "foo", "1e6", "10Mi", "7E"]), caps.map(lambda cap: cap.quantity), st.text(min_size=1)
)
priorities = st.sampled_from(["guaranteed", "bestEffort"])
found = st.fixed_dictionaries(
    {}, optional={EGRESS: texts, PRIORITY: st.sampled_from(["burstable", "bestEffort"]), "example.org/owner": texts}
)


@given(found, caps, caps)
def test_any_cap_over_anything_and_back(strict: Objects, before: dict[str, str], first: Rate, second: Rate) -> None:
    """A cap is set on whatever stands there, changed, and taken back."""
    states = [before]
    states.append(patched(states[-1], cap_patch(states[-1], first)))
    states.append(patched(states[-1], cap_patch(states[-1], second)))
    states.append(patched(states[-1], release_patch(states[-1])))
    for old, new in itertools.pairwise(states):
        assert denials(strict, pod(old), pod(new)) == []
    assert states[-1] == before


@given(found, caps, priorities)
def test_any_priority_beside_a_cap(generous: Objects, before: dict[str, str], cap: Rate, priority: str) -> None:
    """With priorities allowed, cap and priority are set together, on pods and in templates, and taken back."""
    after = patched(before, cap_patch(before, cap, priority=priority))
    again = patched(after, cap_patch(after, cap, priority="guaranteed"))
    for old, new in ((before, after), (after, again), (again, patched(again, release_patch(again)))):
        assert denials(generous, pod(old), pod(new)) == []
        assert denials(generous, deployment(template=old), deployment(template=new)) == []


def test_a_restart_writes_what_stands_there(strict: Objects) -> None:
    """A patch that changes nothing, or only what the API server itself counts, passes."""
    old = pod({EGRESS: "10M", PRIOR: NO_PRIOR})
    moved = {"metadata": {"resourceVersion": "42", "generation": 2, "managedFields": [{"manager": "detnet"}]}}
    assert denials(strict, old, old) == []
    assert denials(strict, old, merged(old, moved)) == []


def test_a_status_comes_changes_and_goes(strict: Objects) -> None:
    """The status annotation may be written on a workload, and on a pod that stands for itself."""
    for make in (deployment, pod):
        states = [make(), make({STATUS: "cap 10 Mbit/s"}), make({STATUS: "cap 20 Mbit/s"}), make({})]
        assert [denials(strict, old, new) for old, new in itertools.pairwise(states)] == [[], [], []]


def test_a_pod_that_became_critical_gets_its_own_value_back(generous: Objects) -> None:
    """The label that forbids a cap does not forbid to take one of ours back."""
    for prior in ("10Mi", NO_PRIOR):
        capped = {EGRESS: "10M", PRIOR: prior}
        freed = patched(capped, release_patch(capped))
        assert denials(generous, pod(capped, role=CRITICAL), pod(freed, role=CRITICAL)) == []


@given(priorities)
def test_a_critical_template_may_get_a_priority(generous: Objects, priority: str) -> None:
    """What forbids a cap on critical workloads leaves their priority alone."""
    old = deployment(template={}, template_role=CRITICAL)
    new = deployment(template=patched({}, priority_patch({}, priority)), template_role=CRITICAL)
    assert denials(generous, old, new) == []

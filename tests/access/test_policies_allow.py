"""The admission policies let the controller do everything that it does, from whatever state the cluster is in."""

from __future__ import annotations

import itertools
from typing import Any

import hypothesis.strategies as st
import pytest
from hypothesis import given

from access.objects import deployment, merged, pod
from access.policies import denials
from detnet.model.annotations import (
    EGRESS,
    NO_PRIOR,
    PRIOR,
    PRIORITY,
    STATUS,
    cap_patch,
    patched,
    release_patch,
)
from detnet.model.rate import FLOOR_BPS, Rate

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


@pytest.mark.parametrize("text", ["1M", "1000k", "1000000", "1000000e0", "10G", "10000M"])
def test_the_ends_of_the_range_are_in_it(strict: Objects, text: str) -> None:
    """The least and the largest cap, in every way that the core writes them."""
    assert denials(strict, pod({EGRESS: "5M", PRIOR: NO_PRIOR}), pod({EGRESS: text, PRIOR: NO_PRIOR})) == []


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

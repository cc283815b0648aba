"""Critical pods get no cap: not from the controller, on demand from nobody, and nobody is bound by anything else."""

from __future__ import annotations

from typing import Any

import pytest

from access.objects import deployment, pod
from access.policies import SETTER, denials
from detnet.model.annotations import CRITICAL, EGRESS, NO_PRIOR, PRIOR, patched, priority_patch, release_patch

Objects = list[dict[str, Any]]


def test_no_cap_on_critical_pods(strict: Objects, generous: Objects) -> None:
    """A critical pod, or a template of critical pods, gets no cap, nor another than it has."""
    cap = {EGRESS: "10M", PRIOR: NO_PRIOR}
    for before in ({}, {EGRESS: "5M"}):
        assert denials(
            strict, pod(before, role=CRITICAL), pod({EGRESS: "10M", PRIOR: before.get(EGRESS, "")}, role=CRITICAL)
        )
    for roles in ({"role": CRITICAL}, {"template_role": CRITICAL}):
        assert denials(generous, deployment(**roles), deployment(template=cap, **roles))  # type: ignore[arg-type]


def test_others_are_left_alone(strict: Objects) -> None:
    """By default nobody but the controller is bound by any of it."""
    mine = pod({EGRESS: "whatever", "example.org/owner": "x"}, role=CRITICAL)
    assert denials(strict, pod(), mine, user=SETTER) == []
    assert denials(strict, None, mine, user=SETTER) == []


def test_everybody_can_be_kept_from_capping_critical_pods(generous: Objects) -> None:
    """On demand nobody creates a critical pod or workload with a cap, or takes the label off in the same step."""
    capped = {EGRESS: "10M"}
    refused = [
        (None, pod(capped, role=CRITICAL)),
        (None, deployment(template=capped, template_role=CRITICAL)),
        (pod(role=CRITICAL), pod(capped, role=CRITICAL)),
        (pod(role=CRITICAL), pod(capped)),
        (pod({EGRESS: "8M", PRIOR: "5M"}, role=CRITICAL), pod({EGRESS: "6M"}, role=CRITICAL)),
        (pod({EGRESS: "8M", PRIOR: "5M"}, role=CRITICAL), pod({EGRESS: "5M", PRIOR: "5M"}, role=CRITICAL)),
        (deployment(template_role=CRITICAL), deployment(template=capped)),
    ]
    for old, new in refused:
        (told,) = denials(generous, old, new, user=SETTER)
        assert "take the label off first" in told
    allowed = [(None, pod(role=CRITICAL)), (pod(capped, role=CRITICAL), pod(role=CRITICAL)), (None, pod(capped))]
    assert [denials(generous, old, new, user=SETTER) for old, new in allowed] == [[], [], []]


def test_a_pod_that_became_critical_gets_its_own_value_back(generous: Objects) -> None:
    """The label that forbids a cap does not forbid to take one of ours back."""
    for prior in ("10Mi", NO_PRIOR):
        capped = {EGRESS: "10M", PRIOR: prior}
        freed = patched(capped, release_patch(capped))
        assert denials(generous, pod(capped, role=CRITICAL), pod(freed, role=CRITICAL)) == []


@pytest.mark.parametrize("priority", ["guaranteed", "bestEffort"])
def test_a_critical_template_may_get_a_priority(generous: Objects, priority: str) -> None:
    """What forbids a cap on critical workloads leaves their priority alone."""
    old = deployment(template={}, template_role=CRITICAL)
    new = deployment(template=patched({}, priority_patch({}, priority)), template_role=CRITICAL)
    assert denials(generous, old, new) == []

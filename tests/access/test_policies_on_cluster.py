"""The admission policies on a real API server, in force once the role has ended, with what a refused person reads."""

from __future__ import annotations

from typing import Any

import pytest

from access.granted import OWN, TARGET, Granted
from control_plane import RefusedError
from detnet.model.annotations import CLASS, CRITICAL, EGRESS, NO_PRIOR, PRIOR, STATUS

pytestmark = pytest.mark.timeout(1200)

POD = f"/api/v1/namespaces/{TARGET}/pods/upload"
DEPLOYMENT = f"/apis/apps/v1/namespaces/{TARGET}/deployments/upload"


def annotated(**annotations: str | None) -> dict[str, Any]:
    """Return the merge patch of these annotations."""
    return {"metadata": {"annotations": annotations}}


@pytest.mark.parametrize(
    ("path", "patch", "told"),
    [
        (POD, annotated(**{"example.org/a": "b"}), "not: annotation example.org/a"),
        (POD, {"metadata": {"labels": {"app": "other"}}}, "not: metadata.labels"),
        (POD, {"metadata": {"finalizers": ["example.org/stay"]}}, "not: metadata.finalizers"),
        (POD, {"spec": {"activeDeadlineSeconds": 1}}, "not: spec"),
        (POD, annotated(**{EGRESS: "10m", PRIOR: NO_PRIOR}), "from 1M to 10G"),
        (POD, annotated(**{EGRESS: "11G", PRIOR: NO_PRIOR}), "from 1M to 10G"),
        (POD, annotated(**{EGRESS: "10M"}), f"beside {PRIOR}"),
        (POD, annotated(**{EGRESS: "10M", PRIOR: "5M"}), "says what"),
        (DEPLOYMENT, {"spec": {"replicas": 9}}, "not: spec.replicas"),
        (DEPLOYMENT, {"spec": {"template": {"metadata": {"annotations": {EGRESS: "10M"}}}}}, "template annotation"),
        (DEPLOYMENT, annotated(**{STATUS: "x" * 300}), "at most 256 characters"),
    ],
)
def test_a_refusal_says_why(granted: Granted, path: str, patch: object, told: str) -> None:
    """The message names the policy and what was wrong."""
    message = granted.refused("PATCH", path, patch)
    assert message is not None
    assert f"ValidatingAdmissionPolicy '{OWN}.detnet-controller." in message
    assert told in message


def test_a_cap_is_set_changed_and_taken_back(granted: Granted) -> None:
    """What the controller does passes all policies."""
    for values in ({EGRESS: "10M", PRIOR: NO_PRIOR}, {EGRESS: "5M"}, {EGRESS: None, PRIOR: None}):
        assert granted.refused("PATCH", POD, annotated(**values)) is None
    assert granted.refused("PATCH", DEPLOYMENT, annotated(**{STATUS: "at most 10 Mbit/s"})) is None


def test_a_critical_pod_is_not_capped(granted: Granted) -> None:
    """The label keeps the controller away, and an administrator is not concerned."""
    granted.plane.request("PATCH", POD, {"metadata": {"labels": {CLASS: CRITICAL}}})
    cap = annotated(**{EGRESS: "10M", PRIOR: NO_PRIOR})
    assert "may not put a cap" in str(granted.refused("PATCH", POD, cap))
    try:
        granted.plane.request("PATCH", POD, cap)
    except RefusedError as error:
        pytest.fail(str(error))
    granted.plane.request(
        "PATCH", POD, {"metadata": {"labels": {CLASS: None}, **annotated(**{EGRESS: None, PRIOR: None})["metadata"]}}
    )

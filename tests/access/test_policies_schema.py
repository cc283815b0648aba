"""The role's objects are what Kubernetes expects, and name what the controller names."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest
import yaml

import detnet.model.annotations as core
from access.role import ROLE
from detnet.config.sections import KubernetesSettings, LeaderSettings

Objects = list[dict[str, Any]]


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_every_object_fits_the_schema(strict: Objects, generous: Objects, version: str) -> None:
    """No field is unknown to the first release with admission policies or to the newest one, and none is missing."""
    for one in (*strict, *generous):
        kubernetes_validate.validate(one, version, strict=True)


def test_policies_can_be_told_apart(strict: Objects) -> None:
    """Each policy is bound by a binding of its own name, which says whose it is."""
    names = {kind: sorted(one["metadata"]["name"] for one in strict if one["kind"] == kind) for kind in _KINDS}
    assert names[_KINDS[0]] == [
        f"detnet-system.detnet-controller.{what}" for what in ("critical", "pods", "tenants", "workloads")
    ]
    assert names[_KINDS[1]] == names[_KINDS[0]]


def test_the_role_and_the_controller_use_the_same_names() -> None:
    """What the role cannot import it repeats rightly, and its defaults are the controller's."""
    private = yaml.safe_load((ROLE / "vars/main.yml").read_text(encoding="utf-8"))
    assert {name: private[f"__controller_access_{name}"] for name in _NAMES} == _NAMES
    default = yaml.safe_load((ROLE / "defaults/main.yml").read_text(encoding="utf-8"))
    settings, leader = KubernetesSettings(), LeaderSettings()
    assert tuple(default["controller_access_target_namespaces"]) == settings.namespaces
    assert default["controller_access_annotation"] == settings.annotation
    assert (default["controller_access_namespace"], default["controller_access_lease"]) == (
        leader.namespace,
        leader.name,
    )


_KINDS = ("ValidatingAdmissionPolicy", "ValidatingAdmissionPolicyBinding")
_NAMES = {
    "prior": core.PRIOR,
    "priority": core.PRIORITY,
    "prior_priority": core.PRIOR_PRIORITY,
    "status_annotation": core.STATUS,
    "class": core.CLASS,
    "critical_class": core.CRITICAL,
}

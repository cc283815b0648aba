"""The controller's objects are what Kubernetes expects, and what its cluster's policies allow."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from manifests.rendered import Objects, of_kind, render

KNOWN = ("Deployment", "PodDisruptionBudget", "ServiceMonitor", "Service", "CiliumNetworkPolicy", "NetworkPolicy")
FOREIGN = {"CiliumNetworkPolicy", "ServiceMonitor"}  # not Kubernetes' own kinds


@pytest.fixture(scope="module")
def objects(tmp_path_factory: pytest.TempPathFactory) -> Objects:
    """Everything that can be asked for."""
    return render(tmp_path_factory.mktemp("controller"), "controller", controller_service_monitor=True)


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_every_object_fits_the_schema(objects: Objects, version: str) -> None:
    """No field is unknown to the documents' release or to the newest one, and none is missing."""
    kinds = {one["kind"] for one in objects}
    assert kinds == {*KNOWN, "ConfigMap", "PriorityClass"}
    for one in objects:
        if one["kind"] not in FOREIGN:
            kubernetes_validate.validate(one, version, strict=True)


def test_pods_are_restricted(objects: Objects) -> None:
    """Each field that the Pod Security level "restricted" asks for, and a root file system nobody writes to."""
    spec = pod_spec(objects)
    (container,) = spec["containers"]
    assert (spec["securityContext"]["runAsNonRoot"], spec["securityContext"]["seccompProfile"]["type"]) == (
        True,
        "RuntimeDefault",
    )
    assert container["securityContext"] == {
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    }
    assert all({"configMap", "emptyDir"} & volume.keys() for volume in spec["volumes"])


def test_another_configuration_makes_other_pods(objects: Objects, tmp_path: Path) -> None:
    """A pod reads its configuration at its start: its template changes with every setting, and with nothing else."""
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    same = render(tmp_path / "a", "controller", controller_service_monitor=True)
    other = render(tmp_path / "b", "controller", controller_settings={"mode": "observe"})
    assert notes(objects) == notes(same) != notes(other)


def test_the_configuration_is_the_users_with_the_roles_places(tmp_path: Path) -> None:
    """What the user says stands beside what the role adds, also in one and the same section."""
    said = {"actuator": {"kubernetes": {"namespaces": ["cell"]}}, "mode": "observe"}
    config = of_kind(render(tmp_path, "controller", controller_settings=said), "ConfigMap")["detnet-controller"]
    read = yaml.safe_load(config["data"]["detnet.yaml"])
    assert read["actuator"] == {
        "kind": "kubernetes",
        "leader": {"namespace": "detnet-system"},
        "kubernetes": {"namespaces": ["cell"]},
    }
    assert (read["mode"], read["http"]) == ("observe", {"listen": "0.0.0.0:9863"})


def test_policies_select_the_pods(objects: Objects) -> None:
    """Budget, policies, Service and monitor select the Deployment's pods by one label."""
    label = {"app.kubernetes.io/name": "detnet-controller"}
    template = of_kind(objects, "Deployment")["detnet-controller"]["spec"]["template"]
    assert label.items() <= template["metadata"]["labels"].items()
    (budget,), (policy,) = of_kind(objects, "PodDisruptionBudget").values(), of_kind(objects, "NetworkPolicy").values()
    (cilium,), (service,) = of_kind(objects, "CiliumNetworkPolicy").values(), of_kind(objects, "Service").values()
    assert budget["spec"]["selector"] == policy["spec"]["podSelector"] == {"matchLabels": label}
    assert cilium["spec"]["endpointSelector"] == {"matchLabels": label}
    assert service["spec"]["selector"] == label
    assert cilium["spec"]["egress"] == [{"toEntities": ["kube-apiserver"]}]


def pod_spec(objects: Objects) -> dict[str, Any]:
    """What the Deployment's pods are made of."""
    return dict(of_kind(objects, "Deployment")["detnet-controller"]["spec"]["template"]["spec"])


def notes(objects: Objects) -> dict[str, str]:
    """The annotations of the Deployment's pods."""
    return dict(of_kind(objects, "Deployment")["detnet-controller"]["spec"]["template"]["metadata"]["annotations"])

"""The factory's objects are what Kubernetes expects, and what the controller and Cilium rely on."""

from __future__ import annotations

from typing import Any

import kubernetes_validate
import pytest

import detnet.model.annotations as core
from manifests.rendered import Objects, labels_of_pods, of_kind, selects

CRITICAL = {"robot-control", "safety-scanner", "robot-factory"}
BEST_EFFORT = {"telemetry-upload", "erp-dashboard", "noise-generator"}
EGRESS = "kubernetes.io/egress-bandwidth"


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_every_object_fits_the_schema(factory: Objects, factory_with_all: Objects, version: str) -> None:
    """No field is unknown to the documents' release or to the newest one, and none is missing."""
    for one in (*factory, *factory_with_all):
        kubernetes_validate.validate(one, version, strict=True)


def test_workloads_and_their_pods_have_the_same_class(factory: Objects) -> None:
    """The controller reads the class of a workload, the admission policy that of a pod."""
    found: dict[str | None, set[str]] = {}
    for name, one in of_kind(factory, "Deployment").items():
        of_workload, of_pod = one["metadata"]["labels"].get(core.CLASS), labels_of_pods(one).get(core.CLASS)
        assert of_workload == of_pod
        found.setdefault(of_pod, set()).add(name)
    assert (found[core.CRITICAL], found[core.BEST_EFFORT]) == (CRITICAL, BEST_EFFORT)


def test_caps_are_for_best_effort_and_priorities_for_critical(factory: Objects, factory_with_all: Objects) -> None:
    """Neither annotation is there unasked, and asked for each goes to its own class alone."""
    for objects, cap, priority in ((factory, set(), set()), (factory_with_all, BEST_EFFORT, CRITICAL)):
        notes = {
            name: one["spec"]["template"]["metadata"].get("annotations", {})
            for name, one in of_kind(objects, "Deployment").items()
        }
        assert {name for name, some in notes.items() if EGRESS in some} == cap
        assert {name for name, some in notes.items() if core.PRIORITY in some} == priority


def test_critical_pods_are_guaranteed_their_resources(factory: Objects) -> None:
    """Requests are limits, of CPU and memory, which makes the quality of service "Guaranteed"."""
    guaranteed = set()
    for name, one in of_kind(factory, "Deployment").items():
        resources = container(one)["resources"]
        if resources["requests"] == resources["limits"] and resources["limits"].keys() == {"cpu", "memory"}:
            guaranteed.add(name)
    assert guaranteed == CRITICAL


def test_services_lead_to_open_ports(factory: Objects) -> None:
    """Each Service selects one Deployment's pods, and each of its ports is one that they declare."""
    deployments = of_kind(factory, "Deployment")
    for name, service in of_kind(factory, "Service").items():
        selected = [d for d in deployments.values() if selects(service["spec"]["selector"], labels_of_pods(d))]
        assert [one["metadata"]["name"] for one in selected] == [name]
        declared = {(port["name"], port["protocol"]) for port in container(selected[0])["ports"]}
        assert {(port["targetPort"], port["protocol"]) for port in service["spec"]["ports"]} == declared


def test_senders_send_to_services_that_are_there(factory: Objects) -> None:
    """A sender's destination and port are those of a Service, with its protocol."""
    served = {
        (name, port["port"], port["protocol"])
        for name, one in of_kind(factory, "Service").items()
        for port in one["spec"]["ports"]
    }
    senders = {n: container(d)["args"] for n, d in of_kind(factory, "Deployment").items() if "args" in container(d)}
    assert len(senders) == 5
    for arguments in senders.values():
        if arguments[0] == "iperf3":
            to, port = (arguments[arguments.index(option) + 1] for option in ("--client", "--port"))
            # iperf3 agrees on every test over TCP, and then sends what it was asked for.
            assert {(to, int(port), "TCP"), (to, int(port), "UDP" if "--udp" in arguments else "TCP")} <= served
        else:
            assert ("robot-factory", 80, "TCP") in served
            assert arguments[-1].startswith("http://robot-factory/")


def test_what_competes_shares_a_node(factory_with_all: Objects) -> None:
    """Everything with a class goes to the cell, the peers away from it, and both by the same label of the pods."""
    for name, one in of_kind(factory_with_all, "Deployment").items():
        ((kind, rules),) = one["spec"]["template"]["spec"]["affinity"].items()
        (term,) = rules["requiredDuringSchedulingIgnoredDuringExecution"]
        on_cell = selects(term["labelSelector"]["matchLabels"], labels_of_pods(one))
        in_cell = name in CRITICAL | BEST_EFFORT
        assert (kind, on_cell) == (("podAffinity", True) if in_cell else ("podAntiAffinity", False))
        assert ("nodeSelector" in one["spec"]["template"]["spec"]) == in_cell


def test_generators_run_only_when_asked_for(factory: Objects, factory_with_all: Objects) -> None:
    """By default there is no traffic but the telemetry's own."""
    for objects, running in ((factory, 0), (factory_with_all, 1)):
        generators = [d for name, d in of_kind(objects, "Deployment").items() if name.endswith("-generator")]
        assert [one["spec"]["replicas"] for one in generators] == [running] * 4


def test_all_images_come_from_one_registry(factory_with_all: Objects) -> None:
    """Without a way to the internet one variable is enough, and no image is a moving one."""
    images = {container(one)["image"] for one in of_kind(factory_with_all, "Deployment").values()}
    assert all(image.startswith("registry.example.org:5000/mirror/") for image in images)
    assert all("@sha256:" in image for image in images)


def container(deployment: dict[str, Any]) -> dict[str, Any]:
    """The only container of a Deployment's pods."""
    (only,) = deployment["spec"]["template"]["spec"]["containers"]
    return dict(only)

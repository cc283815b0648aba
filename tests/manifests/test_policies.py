"""The policies fit Cilium's schema and the factory, and never lift a cap."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jsonschema
import pytest

import detnet.model.annotations as core
from manifests.cilium_crd import SCHEMA
from manifests.rendered import Objects, labels_of_pods, of_kind, render, selects

BASELINE = {"baseline", "default-deny"}
NAME = "app.kubernetes.io/name"


def test_every_policy_fits_the_schema(policies: Objects) -> None:
    """No field is unknown to Cilium: an API server would prune it without a word."""
    for one in policies:
        jsonschema.validate(one, SCHEMA)


@pytest.mark.parametrize("field", ["bandwidth", "qos", "priority"])
def test_the_schema_refuses_what_cilium_does_not_know(policies: Objects, field: str) -> None:
    """A policy has no field for quality of service, wherever the documents would have put it."""
    for one in policies:
        with pytest.raises(jsonschema.ValidationError, match=field):
            jsonschema.validate({**one, "spec": {**one["spec"], field: "guaranteed"}}, SCHEMA)


def test_there_is_one_policy_for_each_of_the_twelve_workloads(policies: Objects, factory: Objects) -> None:
    """Each selects its own workload and no other."""
    deployments = of_kind(factory, "Deployment")
    assert len(deployments) == 12
    assert of_kind(policies, "CiliumNetworkPolicy").keys() - BASELINE == deployments.keys()
    for name in deployments:
        selector = of_kind(policies, "CiliumNetworkPolicy")[name]["spec"]["endpointSelector"]["matchLabels"]
        assert [n for n, one in deployments.items() if selects(selector, labels_of_pods(one))] == [name]


def test_no_rule_of_layer_7_selects_a_best_effort_pod(policies: Objects, factory: Objects) -> None:
    """What passes Cilium's proxy is not capped; the client's side is read, so that durations contain the network."""
    best_effort = [
        labels_of_pods(one)
        for one in of_kind(factory, "Deployment").values()
        if labels_of_pods(one).get(core.CLASS) == core.BEST_EFFORT
    ]
    proxied = [one["spec"] for one in policies if any("rules" in ports for _name, ports in ports_of(one))]
    assert [spec["endpointSelector"]["matchLabels"] for spec in proxied] == [{NAME: "http-traffic-generator"}]
    assert not any(
        "rules" in ports
        for one in policies
        for rule in one["spec"].get("ingress", [])
        for ports in rule.get("toPorts", [])
    )
    assert not any(
        selects(spec["endpointSelector"].get("matchLabels", {}), labels) for spec in proxied for labels in best_effort
    )


def test_every_connection_of_the_factory_is_allowed_at_both_ends(policies: Objects, factory: Objects) -> None:
    """What a sender opens may leave it and reach the port on which the other side's pods listen."""
    left, reached = flows(policies, "egress"), flows(policies, "ingress")
    services = of_kind(factory, "Service")
    opened = set()
    for name, one in of_kind(factory, "Deployment").items():
        arguments = one["spec"]["template"]["spec"]["containers"][0].get("args")
        if arguments is not None:
            to = arguments[arguments.index("--client") + 1] if arguments[0] == "iperf3" else "robot-factory"
            opened |= {(name, to, *port) for port in listening(factory, services[to])}
    assert len(opened) == 7
    assert opened <= left
    assert opened <= reached
    assert left == reached


def test_the_baseline_cuts_nothing_that_watches(policies: Objects) -> None:
    """The kubelet, Prometheus and the probe come in, DNS and the probe go out, for every pod; the rest is denied."""
    found = of_kind(policies, "CiliumNetworkPolicy")
    assert found["default-deny"]["spec"]["ingress"] == found["default-deny"]["spec"]["egress"] == [{}]
    baseline = found["baseline"]["spec"]
    assert (baseline["endpointSelector"], baseline["enableDefaultDeny"]) == ({}, {"ingress": False, "egress": False})
    host, prometheus, probe_in = baseline["ingress"]
    dns, probe_out = baseline["egress"]
    assert host == {"fromEntities": ["host"]}
    assert prometheus["fromEndpoints"] == [{"matchLabels": {"k8s:io.kubernetes.pod.namespace": "monitoring"}}]
    assert {"k8s-app": "kube-dns"}.items() <= dns["toEndpoints"][0]["matchLabels"].items()
    assert {(port["port"], port["protocol"]) for port in dns["toPorts"][0]["ports"]} == {("53", "UDP"), ("53", "TCP")}
    assert probe_in["toPorts"] == probe_out["toPorts"]


def test_policies_of_others_that_read_are_named(tmp_path: Path) -> None:
    """Whether the rule is for what comes in or goes out, and whether the policy has one spec or several."""
    ports, reads = {"toPorts": [{"ports": [{"port": "80"}]}]}, {"toPorts": [{"rules": {"http": [{}]}}]}
    others = {
        "in": {"spec": {"ingress": [{}, ports, reads]}},
        "out": {"specs": [{"ingress": [ports]}, {"egress": [reads]}]},
        "neither": {"spec": {"ingress": [ports], "egress": [{}]}},
    }
    ours = {"labels": {"app.kubernetes.io/managed-by": "detnet.qos.network_policies"}}
    items = [{"metadata": {"name": name}, **one} for name, one in others.items()]
    items += [{"metadata": {"name": "labelled", "labels": {"team": "cells"}}, "spec": {"egress": [reads]}}]
    items += [{"metadata": {"name": "ours", **ours}, "spec": {"egress": [reads]}}]
    found = {"answers": {"policies": {"items": items}}}
    named = render(
        tmp_path, "network_policies", what="__network_policies_others_that_read", __network_policies_found=found
    )
    assert sorted(named) == ["in", "labelled", "out"]


def ports_of(policy: dict[str, Any]) -> Iterator[tuple[dict[str, Any], dict[str, Any]]]:
    """Each rule of a policy with each of its ``toPorts``."""
    for rule in (*policy["spec"].get("ingress", []), *policy["spec"].get("egress", [])):
        for ports in rule.get("toPorts", []):
            yield rule, ports


def flows(policies: Objects, direction: str) -> set[tuple[str, str, str, str]]:
    """Who may open what to whom, as the policies of one end say it: from, to, port, protocol."""
    found = set()
    for name, one in of_kind(policies, "CiliumNetworkPolicy").items():
        for rule in one["spec"].get(direction, []) if name not in BASELINE else []:
            for peer in rule.get("fromEndpoints", rule.get("toEndpoints", [])):
                other = peer["matchLabels"][NAME]
                ends = (other, name) if direction == "ingress" else (name, other)
                found |= {(*ends, p["port"], p["protocol"]) for some in rule["toPorts"] for p in some["ports"]}
    return found


def listening(factory: Objects, service: dict[str, Any]) -> set[tuple[str, str]]:
    """The ports on which a Service's pods listen: a policy sees these, the Service's own are translated before."""
    pod = of_kind(factory, "Deployment")[service["metadata"]["name"]]["spec"]["template"]["spec"]
    return {(str(port["containerPort"]), port["protocol"]) for port in pod["containers"][0]["ports"]}

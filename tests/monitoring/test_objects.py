"""The objects are what Kubernetes and Prometheus expect, run with no rights to spare, and hold no secret."""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from monitoring.conftest import PAGERDUTY
from monitoring.role import DASHBOARD, RULES, Objects, render, rules


def named(objects: Objects, kind: str, name: str) -> dict[str, Any]:
    """Return one object."""
    return next(one for one in objects if (one["kind"], one["metadata"]["name"]) == (kind, name))


@pytest.mark.parametrize("version", ["1.30", "1.37"])
def test_every_object_fits_the_schema(
    plain: Objects, whole: Objects, existing: Objects, operator: Objects, version: str
) -> None:
    """No field is unknown to the oldest release that we support or to the newest one, and none is missing."""
    ours = [one for one in operator if not one["apiVersion"].startswith("monitoring.coreos.com/")]
    for one in (*plain, *whole, *existing, *ours):
        kubernetes_validate.validate(one, version, strict=True)


def test_every_pod_fits_the_level_restricted(whole: Objects) -> None:
    """https://kubernetes.io/docs/concepts/security/pod-security-standards/#restricted, and read-only roots besides."""
    pods = [one["spec"]["template"]["spec"] for one in whole if one["kind"] == "Deployment"]
    assert len(pods) == 3
    for pod in pods:
        assert pod["securityContext"]["runAsNonRoot"]
        assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
        assert all(
            set(volume) - {"name"} <= {"configMap", "emptyDir", "projected", "persistentVolumeClaim"}
            for volume in pod["volumes"]
        )
        for container in pod["containers"]:
            assert container["securityContext"] == {
                "allowPrivilegeEscalation": False,
                "readOnlyRootFilesystem": True,
                "capabilities": {"drop": ["ALL"]},
            }
    with_token = [
        one["metadata"]["name"]
        for one in whole
        if one["kind"] == "Deployment" and one["spec"]["template"]["spec"]["automountServiceAccountToken"]
    ]
    assert with_token == ["detnet-prometheus"]


def test_each_program_is_reached_only_by_those_who_need_it(plain: Objects, whole: Objects) -> None:
    """Nobody reaches Grafana unless a namespace is named, and Grafana reaches nothing but Prometheus and names."""

    def peers(rules: list[dict[str, Any]], side: str) -> set[str]:
        selectors = [selector for rule in rules for peer in rule.get(side, []) for selector in peer.values()]
        pods = {one["matchLabels"]["app.kubernetes.io/name"] for one in selectors if "matchLabels" in one}
        return pods | {name for one in selectors for key in one.get("matchExpressions", []) for name in key["values"]}

    def ingress(objects: Objects, name: str) -> set[str]:
        return peers(named(objects, "NetworkPolicy", name)["spec"].get("ingress", []), "from")

    assert ingress(plain, "detnet-prometheus") == {"detnet-grafana", "detnet-system"}
    assert ingress(plain, "detnet-grafana") == set()
    assert ingress(whole, "detnet-grafana") == {"ingress"}
    assert ingress(whole, "detnet-alertmanager") == {"detnet-prometheus"}
    grafana = named(plain, "NetworkPolicy", "detnet-grafana")["spec"]
    assert grafana["policyTypes"] == ["Ingress", "Egress"]
    assert peers(grafana["egress"], "to") == {"detnet-prometheus"}
    assert [port["port"] for rule in grafana["egress"] if "to" not in rule for port in rule["ports"]] == [53, 53]


def test_prometheus_may_only_read(plain: Objects) -> None:
    """Nodes, pods and the kubelets' metrics: no Secrets, no proxy, nothing to change."""
    [role] = [one for one in plain if one["kind"] == "ClusterRole"]
    assert {verb for rule in role["rules"] for verb in rule["verbs"]} == {"get", "list", "watch"}
    assert {what for rule in role["rules"] for what in rule["resources"]} == {"nodes", "pods", "nodes/metrics"}


@pytest.mark.needs("promtool")
@pytest.mark.parametrize("objects", ["plain", "whole", "existing"])
def test_promtool_accepts_the_configuration(objects: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Prometheus starts with it."""
    data = [item for one in request.getfixturevalue(objects) for item in one.get("data", {}).items()]
    configuration = yaml.safe_load(next(text for name, text in data if name in {"prometheus.yml", "detnet.yml"}))
    # Debian builds Prometheus without Kubernetes: that block is checked here, and all around it by promtool.
    for job in configuration["scrape_configs"]:
        for block in job.pop("kubernetes_sd_configs"):
            assert block.pop("role") in {"node", "pod"}
            assert [*block.values()] in ([], [{"names": ["detnet-system"]}], [{"names": ["detnet-probe"]}])
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    command = ["promtool", "check", "config", "--syntax-only", "prometheus.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr


def test_jobs_and_ports(plain: Objects, whole: Objects) -> None:
    """All five sources are scraped, each node's on the port that Cilium documents."""
    jobs = {
        job["job_name"]: job
        for job in yaml.safe_load(named(plain, "ConfigMap", "detnet-prometheus")["data"]["prometheus.yml"])[
            "scrape_configs"
        ]
    }
    assert set(jobs) == {"detnet-controller", "detnet-probe", "hubble", "cilium-agent", "cadvisor"}
    ports = {name: jobs[name]["relabel_configs"][0]["replacement"] for name in ("hubble", "cilium-agent")}
    assert ports == {"hubble": "$1:9965", "cilium-agent": "$1:9962"}
    text = named(whole, "ConfigMap", "detnet-prometheus")["data"]["prometheus.yml"]
    assert '["192.0.2.1:9863"]' in text
    assert '["detnet-alertmanager:9093", "alerts.example:9093"]' in text
    assert "insecure_skip_verify" not in text


def test_rules_and_dashboard_arrive_unchanged(plain: Objects, existing: Objects, operator: Objects) -> None:
    """The braces of their own templates are not taken for Ansible's."""
    for objects in (plain, existing):
        assert named(objects, "ConfigMap", "detnet-rules")["data"] == {
            path.name: path.read_text().rstrip("\n") for path in RULES
        }
    for objects in (plain, existing, operator):
        dashboard = named(objects, "ConfigMap", "detnet-dashboard")["data"]["detnet.json"]
        assert json.loads(dashboard) == json.loads(DASHBOARD.read_text())
    groups = named(operator, "PrometheusRule", "detnet")["spec"]["groups"]
    assert [rule for group in groups for rule in group["rules"]] == rules()


def test_the_operator_finds_its_objects(operator: Objects) -> None:
    """Monitors and rules carry the labels by which the stack chooses."""
    kinds = [one["kind"] for one in operator if one["metadata"]["labels"].get("release") == "kube-prometheus-stack"]
    assert sorted(kinds) == ["ConfigMap", "PodMonitor", "PodMonitor", "PodMonitor", "PrometheusRule"]


def test_images_come_from_the_site_s_registry(whole: Objects) -> None:
    """The registry takes the place of the image's own; a digest is appended."""
    pods = [one["spec"]["template"]["spec"] for one in whole if one["kind"] == "Deployment"]
    images = [container["image"] for pod in pods for container in pod["containers"]]
    assert all(image.startswith("mirror.example:5000/cache/") for image in images)
    assert [image.partition("@")[2] for image in images] == ["", f"sha256:{'a' * 64}", ""]


def test_no_object_holds_the_secret(whole: Objects) -> None:
    """The key to PagerDuty is mounted from a Secret that is made apart, without being logged."""
    assert PAGERDUTY not in json.dumps(whole)
    assert "routing_key_file" in json.dumps(named(whole, "ConfigMap", "detnet-alertmanager"))


def test_a_changed_configuration_replaces_the_pods_that_read_it(plain: Objects, tmp_path: Path) -> None:
    """And no others."""
    changed = render(tmp_path, monitoring_scrape_interval="7s")
    templates = {
        name: [named(objects, "Deployment", name)["spec"]["template"] for objects in (plain, changed)]
        for name in ("detnet-prometheus", "detnet-grafana")
    }
    assert templates["detnet-prometheus"][0] != templates["detnet-prometheus"][1]
    assert templates["detnet-grafana"][0] == templates["detnet-grafana"][1]

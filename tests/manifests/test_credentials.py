"""Credentials go by TLS to the server that they are for, or the operator has said otherwise by name."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest
import yaml

from access.role import play
from manifests.rendered import of_kind, render

TOKEN = {"bearer_token_file": "/run/credentials/token"}
BASIC = {"basic_auth": {"username": "detnet", "password_file": "/run/credentials/password"}}
PLAIN, SAFE = "http://prometheus.example:9090", "https://prometheus.example:9090"
NO_CLUSTER = "No answer from the cluster"  # what comes next: the values were accepted


def settings(prometheus: dict[str, Any], kind: str = "prometheus", counters: object = None) -> dict[str, Any]:
    """A controller's configuration."""
    actuator = {"kubernetes": {"counters": counters}}
    return {"source": {"kind": kind, "prometheus": prometheus}, "actuator": actuator}


def said(folder: Path, given: dict[str, Any], **variables: object) -> str:
    """What the role controller says, without a cluster."""
    known = {"controller_kubeconfig": "nowhere", "controller_settings": given, **variables}
    book = "[{hosts: localhost, gather_facts: false, roles: [controller]}]"
    refused = play(folder, known, playbook=book)
    assert (refused.ok, refused.changed) == (False, 0), refused.output
    return " ".join(refused.output.split())


@pytest.mark.parametrize(
    "given",
    [
        settings({"url": PLAIN, **TOKEN}),
        settings({"url": "HTTP://prometheus.example", **BASIC}),
        settings(TOKEN),  # the default URL has no TLS
        settings({"url": PLAIN, **TOKEN}, kind="probe", counters={}),
        settings({"url": SAFE, **TOKEN}, counters={"url": PLAIN, **TOKEN}),
        settings({"url": PLAIN, **TOKEN}, kind="probe", counters={"url": PLAIN}),
        {"source": {"kind": "probe", "probe": {"url": PLAIN, **TOKEN}}},
        settings({"url": "http://127.0.0.1.example:9090", **TOKEN}),
    ],
)
def test_plain_http_is_refused(tmp_path: Path, given: dict[str, Any]) -> None:
    """In one sentence that names the variable which would allow it."""
    told = said(tmp_path, given)
    assert "controller_credentials_in_plain_http is false; expected https:// in the URL" in told, told
    assert NO_CLUSTER in said(tmp_path, given, controller_credentials_in_plain_http=True)


@pytest.mark.parametrize(
    "given",
    [
        settings({"url": SAFE, **TOKEN}, counters={}),
        settings({"url": PLAIN}, counters={"url": "http://other.example"}),
        settings({"url": SAFE, **TOKEN}, counters={"url": "http://other.example"}),  # gets none of them
        settings({"url": PLAIN, **TOKEN}, kind="probe"),
        settings({"url": "http://127.0.0.1:9090", **TOKEN}),
        settings({"url": "http://[::1]:9090", **TOKEN}),
    ],
)
def test_what_nobody_on_the_way_can_read_is_let_in(tmp_path: Path, given: dict[str, Any]) -> None:
    """By TLS, without credentials, not asked at all, or not on the network."""
    assert NO_CLUSTER in said(tmp_path, given)


def test_the_controller_is_told_what_the_role_was(tmp_path: Path) -> None:
    """It asks the same question at its start."""
    given = settings({"url": PLAIN, **TOKEN})

    def rendered(folder: str, **variables: object) -> Any:
        (tmp_path / folder).mkdir()
        objects = render(tmp_path / folder, "controller", controller_settings=given, **variables)
        return yaml.safe_load(of_kind(objects, "ConfigMap")["detnet-controller"]["data"]["detnet.yaml"])

    assert rendered("asked", controller_credentials_in_plain_http=True)["credentials_in_plain_http"] is True
    assert "credentials_in_plain_http" not in rendered("unasked")


def test_secrets_are_mounted_for_the_pods_group_alone(tmp_path: Path) -> None:
    """Each at its place, and readable by who runs there."""
    objects = render(tmp_path, "controller", controller_secrets=["detnet-probe", "prometheus"])
    spec = of_kind(objects, "Deployment")["detnet-controller"]["spec"]["template"]["spec"]
    mounted = {one["mountPath"]: one["name"] for one in spec["containers"][0]["volumeMounts"] if one.get("readOnly")}
    volumes = {one["name"]: one.get("secret") for one in spec["volumes"]}
    for name in ("detnet-probe", "prometheus"):
        secret = volumes[mounted[f"/run/secrets/detnet/{name}"]]
        assert secret == {"secretName": name, "defaultMode": 0o440}
    for one in objects:
        if one["kind"] == "Deployment":
            kubernetes_validate.validate(one, "1.30", strict=True)


@pytest.mark.parametrize("server", ["http://192.0.2.10:8080", "https://192.0.2.10:6443"])
def test_a_host_asks_its_api_server_by_tls(tmp_path: Path, server: str) -> None:
    """The administrator's kubeconfig may name a proxy without it, such as kubectl's."""
    task = {"ansible.builtin.include_role": {"name": "controller", "tasks_from": "systemd/check_api_server"}}
    book = json.dumps([{"hosts": "localhost", "gather_facts": False, "tasks": [task]}])
    run = play(tmp_path, {"__controller_cluster": {"connection": {"host": server}}}, playbook=book)
    assert run.ok == server.startswith("https"), run.output
    assert run.ok or "expected https://. Set controller_api_server" in " ".join(run.output.split())


def test_prometheus_shows_its_token_to_known_kubelets_where_asked(tmp_path: Path) -> None:
    """Otherwise the role says to whom it shows it."""
    for folder in ("asked", "unasked"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "files").symlink_to(Path(__file__).parents[2] / "roles/monitoring/files")

    def cadvisor(folder: str, **variables: object) -> str:
        objects = render(tmp_path / folder, "monitoring", **variables)
        return next(
            text
            for one in of_kind(objects, "ConfigMap").values()
            for text in one["data"].values()
            if "cadvisor" in text
        )

    assert "insecure_skip_verify: true" in cadvisor("unasked")
    assert "insecure_skip_verify" not in cadvisor("asked", monitoring_kubelet_verify=True)
    book = "[{hosts: localhost, gather_facts: false, roles: [monitoring]}]"
    run = play(tmp_path, {"monitoring_kubeconfig": "nowhere"}, playbook=book)
    assert "Prometheus shows its token to whatever answers" in " ".join(run.output.split())
